"""Tables in files: CSV and Parquet as columns of text, folders replaced whole."""
