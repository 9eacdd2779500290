import Foundation

/// What disks and people do to files.
enum Damage {
    /// Overwrites the second half of a database with noise.
    static func secondHalf(of path: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        for index in (bytes.count / 8_192 * 4_096)..<bytes.count {
            bytes[index] = UInt8(truncatingIfNeeded: index &* 31 &+ 7)
        }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: bytes)
        try file.close()
    }

    /// Cuts a file to a part of its length.
    static func truncate(_ path: String, to length: UInt64) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: length)
        try file.close()
    }
}
