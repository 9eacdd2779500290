import GRDB

/// A SQLite file of another program.
enum ForeignDatabase {
    static func make(at path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "CREATE TABLE photos (name TEXT)") }
        try queue.close()
    }
}
