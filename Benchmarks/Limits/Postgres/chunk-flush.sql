-- The batches of this client lie ready as the statement's parameters: $1 is :p1, and so on. {statement} stands for the
-- text that the store itself sends.
\set n :n + 1
SELECT p1, p2, p3, p4, p5, p6, p7, p8 FROM flushes WHERE client = :client_id AND number = :n \gset
{statement};
