"""One module per noun: parse, call one action, hand the result to output."""
