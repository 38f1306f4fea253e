"""What is computed from the store and drawn for people: records and status as views, reports."""
