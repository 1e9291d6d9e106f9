"""Cells of CSV files that spreadsheets open."""

# What a spreadsheet would take for the start of a formula.
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def plain(text: str) -> str:
    """Text that a spreadsheet would run as a formula, quoted."""
    return f"'{text}" if text.startswith(FORMULA) else text
