/// A name that fits a column of bounded width: a queue's or a job type's.
///
/// One to `limit` bytes of UTF-8, no control characters, no blank at either end.
enum ShortName {
    static func validate(_ text: String, kind: String, limit: Int) throws(InvalidValue) -> String {
        guard !text.isEmpty else { throw InvalidValue(kind, "must not be empty") }
        guard text.utf8.count <= limit else {
            throw InvalidValue(kind, "is \(text.utf8.count) bytes long; at most \(limit) are allowed")
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw InvalidValue(kind, "must not contain control characters")
        }
        guard text.first?.isWhitespace == false, text.last?.isWhitespace == false else {
            throw InvalidValue(kind, "must not begin or end with a blank")
        }
        return text
    }
}
