extension Migration {
    /// How long a job may run, and the trace that jobs and processings belong to.
    static let jobLimits = Migration(
        version: 2, name: "job limits",
        sql: """
            ALTER TABLE processing_jobs ADD COLUMN timeout_us INTEGER;
            ALTER TABLE processing_jobs ADD COLUMN trace_context TEXT;
            ALTER TABLE processing_tasks ADD COLUMN trace_context TEXT;
            """)
}
