-- The batches of this client lie ready as the parameters of the statement, which the store's own text takes the place of.
-- The last is the channel on which waiting workers are told.
\set n :n + 1
SELECT p1, p2, p3, p4, p5, p6, p7, p8, current_schema() AS p10 FROM flushes WHERE client = :client_id AND number = :n \gset
{statement};
