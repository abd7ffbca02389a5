"""The health code (健康码): a colour that follows from evidence and dated rules, and that nobody can set."""
