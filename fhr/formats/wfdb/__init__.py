"""WFDB records, the form of the CTU-UHB database."""
