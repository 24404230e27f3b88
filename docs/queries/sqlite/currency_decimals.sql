-- The currencies that have other than two decimals, by ISO 4217. The other views round sums of money with it, and
-- assume two decimals for a currency that it lacks.
DROP VIEW IF EXISTS pipedrive_currency_decimals;
CREATE VIEW pipedrive_currency_decimals AS
SELECT column1 AS currency, column2 AS decimals
FROM (
    VALUES
        ('BIF', 0), ('CLP', 0), ('DJF', 0), ('GNF', 0), ('ISK', 0), ('JPY', 0), ('KMF', 0), ('KRW', 0), ('PYG', 0),
        ('RWF', 0), ('UGX', 0), ('UYI', 0), ('VND', 0), ('VUV', 0), ('XAF', 0), ('XOF', 0), ('XPF', 0),
        ('BHD', 3), ('IQD', 3), ('JOD', 3), ('KWD', 3), ('LYD', 3), ('OMR', 3), ('TND', 3),
        ('CLF', 4), ('UYW', 4)
) AS v;
