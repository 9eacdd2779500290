\set id random(1, 100000)
SELECT id, amount, name FROM accounts WHERE id = :id;
