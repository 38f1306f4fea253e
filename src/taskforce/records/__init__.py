"""What is kept: the kinds of record, each declared once. Nothing here reads, writes or imports ours."""
