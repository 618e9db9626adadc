"""How a statement looks: tables for a terminal, a spreadsheet's file, and a page that opens offline."""
