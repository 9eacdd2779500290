/// What a server has of a store, as one look at its catalog shows.
struct SchemaState: Sendable {
    /// The server's version as a number, such as 150_018.
    let serverVersion: Int
    /// The server's version as it says it.
    let serverName: String
    /// The encoding of the database.
    let encoding: String
    /// Who asks.
    let user: String
    let hasSchema: Bool
    let mayUseSchema: Bool
    let mayCreateTables: Bool
    let mayCreateSchema: Bool
    /// How many tables, views and sequences the schema has.
    let relations: Int
    /// Whether those that each store has are among them.
    let isStore: Bool

    /// Looks at a schema by its name, without quotes. Needs no right on it.
    static func read(_ name: String, on connection: PostgresConnection) async throws(PostgresError) -> SchemaState {
        let rows = try await connection.query(
            """
            SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
                   pg_encoding_to_char(database.encoding)::text, current_user::text,
                   schema.oid IS NOT NULL,
                   coalesce(has_schema_privilege(schema.oid, 'USAGE'), false),
                   coalesce(has_schema_privilege(schema.oid, 'CREATE'), false),
                   has_database_privilege(database.oid, 'CREATE'),
                   (SELECT count(*) FROM pg_catalog.pg_class
                    WHERE relnamespace = schema.oid AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')),
                   (SELECT count(*) = 2 FROM pg_catalog.pg_class
                    WHERE relnamespace = schema.oid AND relname IN ('schema_migrations', 'store_state'))
            FROM pg_catalog.pg_database database LEFT JOIN pg_catalog.pg_namespace schema ON schema.nspname = $1::text
            WHERE database.datname = current_database()
            """, [.text(name)])
        let row = rows[0]
        return SchemaState(
            serverVersion: Int(try row.value(0, as: Int32.self)), serverName: try row.value(1),
            encoding: try row.value(2), user: try row.value(3), hasSchema: try row.value(4),
            mayUseSchema: try row.value(5), mayCreateTables: try row.value(6), mayCreateSchema: try row.value(7),
            relations: Int(try row.value(8, as: Int64.self)), isStore: try row.value(9))
    }
}
