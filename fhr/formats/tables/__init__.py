"""Text tables and spreadsheets, one row a sample."""
