internal import Foundation
internal import MillraceCore

/// Reads where the jobs stand that may be claimed, without their rows.
struct JobReady: Sendable {
    let sql: String

    init(schema: String) {
        sql = Self.statement(schema: schema)
    }

    func places(
        in ranges: [JobRange], limit: Int, in store: PostgresStore
    ) async throws(StoreError) -> [[JobPlace]] {
        let rows = try await store.rows(sql, parameters(in: ranges, limit: limit, in: store), isIdempotent: true) {
            (try $0.value(Int.self), JobPlace(priority: try $0.choice(), createdAt: try $0.time(), id: try $0.id()))
        }
        var places = ranges.map { _ in [JobPlace]() }
        for (number, place) in rows { places[number].append(place) }
        return places.map { Array($0.sorted().prefix(limit)) }
    }

    /// A line for each priority of each range that it has not left behind.
    func parameters(in ranges: [JobRange], limit: Int, in store: PostgresStore) -> [PostgresParameter] {
        let lines = ranges.enumerated().flatMap { number, range in
            JobPriority.allCases.filter { range.after.map(\.priority) ?? .high >= $0 }.map { priority in
                let after = range.after.flatMap { $0.priority == priority ? $0 : nil }
                return (number: number, range: range, priority: priority, after: after)
            }
        }
        return [
            store.now, .int8(Int64(limit)), .int4s(lines.map { Int32($0.number) }),
            .texts(lines.map(\.range.kind.queueName.name)), .texts(lines.map(\.range.kind.type.name)),
            .texts(lines.map { $0.range.kind.engine?.description ?? "" }),
            .int2s(lines.map { Int16($0.priority.rawValue) }), .times(lines.map { $0.after?.createdAt }),
            .uuids(lines.map { $0.after?.id.uuid }), .bools(lines.map { $0.range.after == nil }),
        ]
    }

    /// One ordered read for each priority; from the beginning, that is from the floor below which nothing is queued.
    private static func statement(schema: String) -> String {
        let group = """
            queue_name = place.queue_name AND job_type = place.job_type
                  AND coalesce(engine, '') = place.engine AND priority = place.priority
            """
        return """
            SELECT place.number, place.priority, job.created_at, job.id
            FROM unnest(
                $3::integer[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::timestamptz[], $9::uuid[],
                $10::boolean[]
            ) AS place (number, queue_name, job_type, engine, priority, after, after_id, is_beginning)
            LEFT JOIN \(schema).queue_floors floor
                ON place.after IS NULL AND floor.queue_name = place.queue_name AND floor.job_type = place.job_type
                AND floor.engine = place.engine AND floor.priority = place.priority
            CROSS JOIN LATERAL (
                (SELECT created_at, id FROM \(schema).processing_jobs
                 WHERE status = 'QUEUED' AND \(group)
                   AND (created_at, id) > (
                       coalesce(place.after, floor.oldest, '-infinity'),
                       coalesce(place.after_id, '00000000-0000-0000-0000-000000000000')
                   )
                 ORDER BY created_at, id LIMIT $2::bigint)
                UNION ALL
                (SELECT created_at, id FROM \(schema).processing_jobs
                 WHERE place.is_beginning AND status = 'SCHEDULED' AND \(group)
                   AND scheduled_at <= coalesce($1::timestamptz, now())
                 ORDER BY scheduled_at LIMIT $2)
            ) job
            """
    }
}
