internal import MillraceCore
internal import NIOCore

/// How a job's end is written in Redis: a letter, and what its handler returned or why it failed.
enum JobEndForm {
    /// What is longer is read from the store.
    private static let limit = 64 << 10

    /// `nil` for what is too long.
    static func bytes(of end: JobEnd) -> ByteBuffer? {
        let text =
            switch end {
            case .completed(let result): result.map { "R\($0.text)" } ?? "C"
            case .failed(let error): error.map { "E\($0)" } ?? "F"
            case .cancelled: "X"
            }
        return text.utf8.count > limit ? nil : ByteBuffer(string: text)
    }

    /// `nil` for what nobody of this version wrote.
    static func end(_ bytes: ByteBuffer) -> JobEnd? {
        let text = String(buffer: bytes)
        switch text.first {
        case "R": return .completed(result: JSONText(stored: String(text.dropFirst())))
        case "C": return .completed(result: nil)
        case "E": return .failed(error: String(text.dropFirst()))
        case "F": return .failed(error: nil)
        case "X": return .cancelled
        default: return nil
        }
    }
}
