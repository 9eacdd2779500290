extension InitialSchema {
    /// What any client of the database may call, in a transaction of its own.
    ///
    /// The rules are those of `JobRequest`; who waits for jobs is woken at the commit.
    static let enqueue = """
        CREATE FUNCTION {schema}.enqueue(
            job_type      text,
            payload       jsonb       DEFAULT '{}',
            queue         text        DEFAULT 'default',
            priority      integer     DEFAULT 2,
            max_retries   bigint      DEFAULT 3,
            unique_key    text        DEFAULT NULL,
            scheduled_at  timestamptz DEFAULT NULL,
            transcript_id uuid        DEFAULT NULL,
            engine        text        DEFAULT NULL,
            timeout       interval    DEFAULT NULL,
            trace_context jsonb       DEFAULT NULL
        ) RETURNS uuid LANGUAGE plpgsql AS $$
        #variable_conflict use_column
        DECLARE
            control CONSTANT text := '[\\u0001-\\u001f\\u007f-\\u009f]';
            model   text := substring(enqueue.engine FROM ' model=(.*)$');
            job     uuid;
        BEGIN
            IF enqueue.job_type IS NULL OR octet_length(enqueue.job_type) NOT BETWEEN 1 AND 50
                OR enqueue.job_type ~ control OR enqueue.job_type ~ '^\\s|\\s$' THEN
                RAISE invalid_parameter_value USING MESSAGE = 'job_type: must have 1 to 50 bytes, no control characters, '
                    'and no blank at either end';
            END IF;
            IF enqueue.queue IS NULL OR octet_length(enqueue.queue) NOT BETWEEN 1 AND 100
                OR enqueue.queue ~ control OR enqueue.queue ~ '^\\s|\\s$' THEN
                RAISE invalid_parameter_value USING MESSAGE = 'queue: must have 1 to 100 bytes, no control characters, '
                    'and no blank at either end';
            END IF;
            IF enqueue.payload IS NULL THEN
                RAISE invalid_parameter_value USING MESSAGE = 'payload: must not be NULL; leave it out for {}';
            END IF;
            IF enqueue.priority IS NULL OR enqueue.priority NOT BETWEEN 1 AND 3 THEN
                RAISE invalid_parameter_value USING MESSAGE = 'priority: must be 1 (low), 2 (medium) or 3 (high)';
            END IF;
            IF octet_length(enqueue.unique_key) NOT BETWEEN 1 AND 500 THEN
                RAISE invalid_parameter_value USING MESSAGE = 'unique_key: must have 1 to 500 bytes';
            END IF;
            IF extract(epoch FROM enqueue.timeout) < 0.000001 OR extract(epoch FROM enqueue.timeout) > 9000000000000 THEN
                RAISE invalid_parameter_value USING MESSAGE = 'timeout: must be positive';
            END IF;
            IF enqueue.engine !~ '^[a-z0-9-]{1,40}( sha256=[0-9a-f]{64})?( model=.+)?$'
                OR octet_length(model) > 200 OR model ~ control OR model ~ '^\\s|\\s$' THEN
                RAISE invalid_parameter_value USING
                    MESSAGE = 'engine: must be a kind, as in jobs that Millrace has made: kind sha256=… model=…';
            END IF;
            IF jsonb_typeof(enqueue.trace_context) <> 'object' OR EXISTS (
                SELECT 1 FROM jsonb_each(
                    CASE jsonb_typeof(enqueue.trace_context) WHEN 'object' THEN enqueue.trace_context END) header
                WHERE jsonb_typeof(header.value) <> 'string'
            ) THEN
                RAISE invalid_parameter_value USING MESSAGE = 'trace_context: must be an object of texts';
            END IF;
            LOOP
                INSERT INTO {schema}.processing_jobs (
                    id, queue_name, transcript_id, job_type, payload, priority, status, max_retries, unique_key,
                    scheduled_at, engine, timeout_us, trace_context
                )
                VALUES (
                    {schema}.make_id(clock_timestamp()), enqueue.queue, enqueue.transcript_id, enqueue.job_type,
                    enqueue.payload, enqueue.priority,
                    CASE WHEN enqueue.scheduled_at > now() THEN 'SCHEDULED' ELSE 'QUEUED' END,
                    greatest(0, coalesce(enqueue.max_retries, 3)), enqueue.unique_key,
                    CASE WHEN enqueue.scheduled_at > now() THEN enqueue.scheduled_at END, enqueue.engine,
                    (extract(epoch FROM enqueue.timeout) * 1000000)::bigint, enqueue.trace_context
                )
                ON CONFLICT (unique_key)
                    WHERE unique_key IS NOT NULL AND status IN ('QUEUED', 'SCHEDULED', 'PROCESSING')
                    DO NOTHING
                RETURNING id INTO job;
                IF job IS NOT NULL THEN
                    PERFORM pg_notify((parse_ident('{schema}'))[1], 'jobs');
                    RETURN job;
                END IF;
                SELECT id INTO job FROM {schema}.processing_jobs
                WHERE unique_key = enqueue.unique_key AND status IN ('QUEUED', 'SCHEDULED', 'PROCESSING');
                -- Else the job with the key has ended meanwhile.
                IF job IS NOT NULL THEN RETURN job; END IF;
            END LOOP;
        END $$;
        """
}
