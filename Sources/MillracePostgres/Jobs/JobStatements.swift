internal import MillraceCore

/// The statements about jobs, written out for one schema.
struct JobStatements: Sendable {
    let insert: JobInsert
    let copy: JobCopy
    let claim: JobClaim
    let settle: JobSettle
    let rescue: JobRescue
    let update: JobUpdate
    let read: JobRead
    let ready: JobReady
    let list: JobList
    let counts: JobCounts
    let upkeep: JobUpkeep

    init(_ store: PostgresStore) {
        let (schema, channel) = (store.schema, store.pool.configuration.schema)
        insert = JobInsert(schema: schema, channel: channel)
        copy = JobCopy(schema: schema, channel: channel)
        claim = JobClaim(schema: schema)
        settle = JobSettle(schema: schema)
        rescue = JobRescue(schema: schema)
        update = JobUpdate(schema: schema)
        read = JobRead(schema: schema)
        ready = JobReady(schema: schema)
        list = JobList(schema: schema)
        counts = JobCounts(schema: schema)
        upkeep = JobUpkeep(schema: schema)
    }
}
