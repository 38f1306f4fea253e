"""What a person does: one function per thing done, one transaction each. Command line and screens call only these."""
