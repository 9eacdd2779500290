/// What a schema consists of, in words that do not depend on its name.
struct SchemaDescription: Sendable {
    /// One thing of a schema.
    struct Item: Hashable, Comparable, Sendable {
        let kind: SchemaDifference.Kind
        /// The table that it belongs to; a table belongs to itself, a function to none.
        let table: String?
        let name: String

        static func < (left: Item, right: Item) -> Bool {
            (left.table ?? "", left.kind.order, left.name) < (right.table ?? "", right.kind.order, right.name)
        }
    }

    /// Each thing with its properties.
    var items: [Item: [String: String]] = [:]

    /// Reads the catalog; `nil` stands for the temporary tables of this session.
    static func read(
        _ schema: String?, on connection: PostgresConnection
    ) async throws(PostgresError) -> SchemaDescription {
        let rows = try await connection.query(query, [.text(schema)])
        var description = SchemaDescription()
        for row in rows {
            guard let kind = SchemaDifference.Kind(rawValue: try row.value(0)) else { continue }
            let item = Item(kind: kind, table: try row.optional(1), name: try row.value(2))
            description.items[item, default: [:]][try row.value(3)] = try row.value(4)
        }
        return description
    }

    /// Kind, table, name, property and value, a row each. The schema's own name is taken out of the values.
    private static let query = """
        WITH place AS (
            SELECT oid, nspname FROM pg_catalog.pg_namespace
            WHERE oid = pg_my_temp_schema() AND $1::text IS NULL OR nspname = $1
        ),
        relation AS (
            SELECT class.oid, relname::text AS name, relkind, relpersistence
            FROM pg_catalog.pg_class class JOIN place ON relnamespace = place.oid
            WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        ),
        item (kind, relation, name, property, value) AS (
            SELECT 'table', name, name, property, value
            FROM relation CROSS JOIN LATERAL (
                VALUES ('kind', CASE relkind WHEN 'r' THEN 'table' ELSE 'no ordinary table' END),
                       ('durability', CASE relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END)
            ) properties (property, value)
            UNION ALL
            SELECT 'column', relation.name, attname, property, value
            FROM relation JOIN pg_catalog.pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
            JOIN pg_catalog.pg_type type ON type.oid = atttypid
            LEFT JOIN pg_catalog.pg_collation ON pg_collation.oid = attcollation AND attcollation <> typcollation
            LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
            CROSS JOIN LATERAL (
                VALUES ('type', format_type(atttypid, atttypmod) || coalesce(' COLLATE "' || collname || '"', '')),
                       ('nullability', CASE WHEN attnotnull THEN 'NOT NULL' ELSE 'NULL' END),
                       ('default', CASE WHEN attgenerated <> '' THEN 'generated ' ELSE '' END
                            || coalesce(pg_get_expr(adbin, adrelid), 'none'))
            ) properties (property, value)
            UNION ALL
            SELECT 'constraint', relation.name, conname, 'definition', pg_get_constraintdef(pg_constraint.oid)
            FROM relation JOIN pg_catalog.pg_constraint ON conrelid = relation.oid AND contype IN ('c', 'p', 'u', 'f', 'x')
            UNION ALL
            SELECT 'index', relation.name, class.relname, property, value
            FROM relation JOIN pg_catalog.pg_index ON indrelid = relation.oid
            JOIN pg_catalog.pg_class class ON class.oid = indexrelid
                AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = indrelid AND conindid = indexrelid)
            CROSS JOIN LATERAL (
                VALUES ('definition', pg_get_indexdef(indexrelid)),
                       ('state', CASE WHEN indisvalid AND indisready THEN 'valid' ELSE 'invalid' END)
            ) properties (property, value)
            UNION ALL
            SELECT 'trigger', relation.name, tgname, property, value
            FROM relation JOIN pg_catalog.pg_trigger trigger ON tgrelid = relation.oid AND NOT tgisinternal
            CROSS JOIN LATERAL (
                VALUES ('definition', pg_get_triggerdef(trigger.oid)),
                       ('state', CASE tgenabled WHEN 'D' THEN 'disabled' ELSE 'enabled' END)
            ) properties (property, value)
            UNION ALL
            SELECT 'function', NULL, proname, property, value
            FROM place JOIN pg_catalog.pg_proc ON pronamespace = place.oid
            JOIN pg_catalog.pg_language ON pg_language.oid = prolang
            CROSS JOIN LATERAL (
                VALUES ('arguments', pg_get_function_arguments(pg_proc.oid)),
                       ('result', coalesce(pg_get_function_result(pg_proc.oid), 'none')),
                       ('properties', concat_ws(' ', lanname, provolatile, proparallel, proisstrict, prosecdef, proconfig)),
                       ('body', coalesce(pg_get_function_sqlbody(pg_proc.oid), prosrc))
            ) properties (property, value)
        )
        SELECT kind::text, relation::text, name::text, property::text,
               regexp_replace(value, '("' || place.nspname || '"|\\m' || place.nspname || '|pg_temp(_[0-9]+)?)\\.', '', 'g')
        FROM item CROSS JOIN place
        """
}
