import Foundation

/// A recorded sequence of accesses: a big-endian 32-bit key each, compressed by xz.
enum AccessTrace {
    static func read(_ path: String) throws -> [Int32] {
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw BenchmarkFailure("\(path): there is no such trace; name the folder of the traces by --traces")
        }
        let xz = Process()
        xz.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        xz.arguments = ["xz", "--decompress", "--stdout", path]
        let output = Pipe()
        xz.standardOutput = output
        try xz.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        xz.waitUntilExit()
        guard xz.terminationStatus == 0, bytes.count.isMultiple(of: 4), !bytes.isEmpty else {
            throw BenchmarkFailure("\(path): cannot be decompressed; is xz installed, and the file whole?")
        }
        return bytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 4).map {
                Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int32.self))
            }
        }
    }
}
