internal import MillraceCore
internal import NIOCore

/// How a job's end is written in Redis: a letter, and what its handler returned.
///
/// Only that it has completed is written, which is so for good. What has failed or was called off may be queued again.
enum JobEndForm {
    /// What is longer is read from the store.
    private static let limit = 64 << 10

    /// `nil` for what is not written, or too long.
    static func bytes(of end: JobEnd) -> ByteBuffer? {
        let text =
            switch end {
            case .completed(let result): result.map { "R\($0.text)" } ?? "C"
            case .failed, .cancelled: String?.none
            }
        guard let text, text.utf8.count <= limit else { return nil }
        return ByteBuffer(string: text)
    }

    /// `nil` for what nobody of this version wrote.
    static func end(_ bytes: ByteBuffer) -> JobEnd? {
        let text = String(buffer: bytes)
        switch text.first {
        case "R": return .completed(result: JSONText(stored: String(text.dropFirst())))
        case "C": return .completed(result: nil)
        default: return nil
        }
    }
}
