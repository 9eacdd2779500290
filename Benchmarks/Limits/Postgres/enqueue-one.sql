-- `turn` is another for each run, so that no identity comes twice; those of a run ascend, as in version 7.
\set n :n + 1
INSERT INTO processing_jobs (id, queue_name, job_type, payload, priority, max_retries)
VALUES (
    (lpad(to_hex(:turn::integer), 8, '0') || lpad(to_hex(:n::bigint * 100 + :client_id), 24, '0'))::uuid,
    'default', 'bench', '{"recording": "/recordings/2026/hearing-17.flac", "language": "en", "chunk": 30}', 2, 3);
