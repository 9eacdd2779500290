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

    /// The same without what another does not have.
    func restricted(to other: SchemaDescription) -> SchemaDescription {
        SchemaDescription(items: items.filter { other.items[$0.key] != nil })
    }

    /// Kind, table, name, property and value, a row each. The schema's own name is taken out of the values: out of the text
    /// of functions where it is quoted, as the steps write it, and out of what the server puts into words where the name of
    /// a table or function stands. Elsewhere the same word may be an alias.
    ///
    /// Things are chosen first and put into words then: in another order the words of things elsewhere could be asked for,
    /// which may be gone by then.
    private static let query = """
        WITH place AS MATERIALIZED (
            SELECT oid, nspname, coalesce(quote_ident($1::text), 'pg_temp') || '.' AS prefix FROM pg_catalog.pg_namespace
            WHERE oid = pg_my_temp_schema() AND $1::text IS NULL OR nspname = $1
        ),
        relation AS MATERIALIZED (
            SELECT class.oid, relname::text AS name, relkind, relpersistence, relrowsecurity
            FROM pg_catalog.pg_class class JOIN place ON relnamespace = place.oid
            WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        ),
        attribute AS MATERIALIZED (
            SELECT relation.name AS relation, attname AS name, atttypid, atttypmod, collname, attnotnull, attgenerated,
                   attstorage, adbin, adrelid
            FROM relation JOIN pg_catalog.pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
            JOIN pg_catalog.pg_type type ON type.oid = atttypid
            LEFT JOIN pg_catalog.pg_collation ON pg_collation.oid = attcollation AND attcollation <> typcollation
            LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
        ),
        condition AS MATERIALIZED (
            -- Foreign keys are kept by triggers of the server's own.
            SELECT relation.name AS relation, conname AS name, pg_constraint.oid, NOT EXISTS (
                       SELECT 1 FROM pg_catalog.pg_trigger WHERE tgconstraint = pg_constraint.oid AND tgenabled <> 'O'
                   ) AS is_in_force
            FROM relation JOIN pg_catalog.pg_constraint ON conrelid = relation.oid AND contype IN ('c', 'p', 'u', 'f', 'x')
        ),
        index AS MATERIALIZED (
            SELECT relation.name AS relation, class.relname AS name, class.oid, indisvalid AND indisready AS is_valid
            FROM relation JOIN pg_catalog.pg_index ON indrelid = relation.oid
            JOIN pg_catalog.pg_class class ON class.oid = indexrelid
            WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = indrelid AND conindid = indexrelid)
        ),
        reaction AS MATERIALIZED (
            SELECT relation.name AS relation, tgname AS name, pg_trigger.oid, tgenabled
            FROM relation JOIN pg_catalog.pg_trigger ON tgrelid = relation.oid AND NOT tgisinternal
        ),
        rule AS MATERIALIZED (
            SELECT relation.name AS relation, rulename AS name, pg_rewrite.oid
            FROM relation JOIN pg_catalog.pg_rewrite ON ev_class = relation.oid AND relkind IN ('r', 'p')
        ),
        routine AS MATERIALIZED (
            SELECT proname || '(' || oidvectortypes(proargtypes) || ')' AS name, pg_proc.oid, prosrc,
                   concat_ws(' ', lanname, provolatile, proparallel, proisstrict, prosecdef, proconfig) AS properties
            FROM place JOIN pg_catalog.pg_proc ON pronamespace = place.oid
            JOIN pg_catalog.pg_language ON pg_language.oid = prolang
        ),
        item (kind, relation, name, property, value) AS (
            SELECT 'table', name, name, 'kind', CASE relkind WHEN 'r' THEN 'table' ELSE 'no ordinary table' END
            FROM relation
            UNION ALL
            SELECT 'table', name, name, 'durability', CASE relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END
            FROM relation
            UNION ALL
            SELECT 'table', name, name, 'row security', CASE WHEN relrowsecurity THEN 'on' ELSE 'off' END
            FROM relation
            UNION ALL
            SELECT 'column', relation, name, 'type',
                   format_type(atttypid, atttypmod) || coalesce(' COLLATE "' || collname || '"', '')
            FROM attribute
            UNION ALL
            SELECT 'column', relation, name, 'nullability', CASE WHEN attnotnull THEN 'NOT NULL' ELSE 'NULL' END
            FROM attribute
            UNION ALL
            SELECT 'column', relation, name, 'default',
                   CASE WHEN attgenerated <> '' THEN 'generated ' ELSE '' END || coalesce(pg_get_expr(adbin, adrelid), 'none')
            FROM attribute
            UNION ALL
            SELECT 'column', relation, name, 'storage', CASE attstorage
                       WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended'
                   END
            FROM attribute
            UNION ALL
            SELECT 'constraint', relation, name, 'definition', pg_get_constraintdef(oid) FROM condition
            UNION ALL
            SELECT 'constraint', relation, name, 'state', CASE WHEN is_in_force THEN 'in force' ELSE 'switched off' END
            FROM condition
            UNION ALL
            SELECT 'rule', relation, name, 'definition', pg_get_ruledef(oid) FROM rule
            UNION ALL
            SELECT 'index', relation, name, 'definition', pg_get_indexdef(oid) FROM index
            UNION ALL
            SELECT 'index', relation, name, 'state', CASE WHEN is_valid THEN 'valid' ELSE 'invalid' END FROM index
            UNION ALL
            SELECT 'trigger', relation, name, 'definition', pg_get_triggerdef(oid) FROM reaction
            UNION ALL
            SELECT 'trigger', relation, name, 'state', CASE tgenabled
                       WHEN 'O' THEN 'enabled' WHEN 'D' THEN 'disabled'
                       WHEN 'R' THEN 'enabled for replicas only' ELSE 'enabled for replicas too'
                   END
            FROM reaction
            UNION ALL
            SELECT 'function', NULL, name, 'arguments', pg_get_function_arguments(oid) FROM routine
            UNION ALL
            SELECT 'function', NULL, name, 'result', coalesce(pg_get_function_result(oid), 'none') FROM routine
            UNION ALL
            SELECT 'function', NULL, name, 'properties', properties FROM routine
            UNION ALL
            SELECT 'function', NULL, name, 'body', coalesce(pg_get_function_sqlbody(oid), prosrc) FROM routine
        )
        SELECT kind::text, relation::text, name::text, property::text, CASE property
                   WHEN 'body' THEN regexp_replace(
                       regexp_replace(value, '("' || nspname || '"|pg_temp)\\.', '', 'g'),
                       '''("' || nspname || '"|pg_temp)''', '''schema''', 'g')
                   ELSE replace(
                       replace(replace(value, ' ON ' || prefix, ' ON '), ' REFERENCES ' || prefix, ' REFERENCES '),
                       ' FUNCTION ' || prefix, ' FUNCTION ')
               END
        FROM item CROSS JOIN place
        """
}
