extension ChunkClaim {
    /// The condition of a chunk that somebody can claim who does not reach its recording.
    static func hasSound(_ now: String) -> String {
        "audio IS NOT NULL AND status = 'PENDING' AND (due_at IS NULL OR due_at <= \(now))"
    }

    /// `candidate`: the processings to look at, in the order of their turns.
    static func candidates(
        in schema: String, now: String, isSuitable: String, mayBeFresh: String
    ) -> String {
        func fresh(_ condition: String) -> String {
            """
            (SELECT id, priority FROM \(schema).processing_tasks
                     WHERE has_fresh AND engine = wanted.engine AND priority = level.priority
                       AND \(condition) AND id <> ALL ($6::uuid[])
                     ORDER BY id LIMIT $1)
            """
        }
        return """
            fresh AS (
                -- Of each engine and priority those behind the last turn, then those before.
                SELECT found.id, found.priority
                FROM unnest($4::text[]) AS wanted (engine)
                CROSS JOIN (VALUES (3::smallint), (2::smallint), (1::smallint)) AS level (priority)
                CROSS JOIN LATERAL (
                    \(fresh("id > $5::uuid"))
                    UNION ALL
                    \(fresh("id <= $5::uuid"))
                ) AS found
                WHERE $9::uuid[] IS NULL AND \(mayBeFresh)
            ), back (id) AS (
                -- Processings to which chunks came back, one look at the index for each.
                (SELECT processing_id FROM \(schema).chunk_tasks
                 WHERE $9::uuid[] IS NULL AND due_at <= \(now) AND \(isSuitable)
                 ORDER BY processing_id, chunk_index LIMIT 1)
                UNION ALL
                SELECT (
                    SELECT processing_id FROM \(schema).chunk_tasks
                    WHERE processing_id > back.id AND due_at <= \(now) AND \(isSuitable)
                    ORDER BY processing_id, chunk_index LIMIT 1
                )
                FROM back WHERE back.id IS NOT NULL
            ), either (id) AS (
                SELECT id FROM back
                UNION
                -- Of those given, the ones with fresh chunks or some that came back.
                SELECT given.id FROM unnest($9::uuid[]) AS given (id)
                CROSS JOIN LATERAL (
                    (SELECT 1 FROM \(schema).processing_tasks WHERE id = given.id AND has_fresh AND \(mayBeFresh))
                    UNION ALL
                    (SELECT 1 FROM \(schema).chunk_tasks
                     WHERE processing_id = given.id AND due_at <= \(now) AND \(isSuitable) LIMIT 1)
                ) AS due
                WHERE given.id <> ALL ($6::uuid[])
                UNION
                -- Of those out of reach, the ones with chunks whose sound is kept.
                SELECT far.id FROM unnest($6::uuid[]) AS far (id)
                CROSS JOIN LATERAL (
                    SELECT 1 FROM \(schema).chunk_tasks
                    WHERE processing_id = far.id AND \(hasSound(now)) AND \(isSuitable) LIMIT 1
                ) AS heard
                WHERE $9::uuid[] IS NULL OR far.id = ANY ($9::uuid[])
            ), candidate AS (
                SELECT id, priority FROM (
                    SELECT id, priority FROM fresh
                    UNION
                    SELECT task.id, task.priority
                    FROM either
                    CROSS JOIN LATERAL (
                        SELECT id, priority, status, engine FROM \(schema).processing_tasks
                        WHERE id = either.id OFFSET 0
                    ) AS task
                    WHERE task.status IN ('PENDING', 'PROCESSING') AND task.engine = ANY ($4::text[])
                ) AS task
                WHERE EXISTS (SELECT 1 FROM lease)
                ORDER BY priority DESC, id <= $5, id LIMIT $1
            )
            """
    }
}
