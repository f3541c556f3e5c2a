"""Reference data of the world: countries, currencies, languages, numbering plans, code formats.

Names and codes come from the Unicode CLDR (babel), numbering plans from libphonenumber
(phonenumbers); formats that neither has are written out here. All of it is read when a rule needs
it, and becomes literals or a table in SQL: nothing here is asked row by row.
"""
