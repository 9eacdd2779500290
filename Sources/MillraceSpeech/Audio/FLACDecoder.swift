internal import CSndFile
internal import MillraceCore

/// Reads sound from a FLAC file in memory, as ``FLACEncoder`` writes it.
enum FLACDecoder {
    /// The sound; `nil` when the bytes are no whole FLAC of 16 kHz, mono, 16 bits.
    static func audio(of bytes: [UInt8]) -> AudioChunk? {
        let source = Source(bytes)
        var info = SF_INFO()
        var calls = SF_VIRTUAL_IO(
            get_filelen: { sf_count_t(Source.from($0)?.bytes.count ?? 0) },
            seek: { sf_count_t(Source.from($2)?.seek(Int($0), whence: $1) ?? -1) },
            read: { buffer, count, data in
                guard let buffer, let source = Source.from(data) else { return 0 }
                return sf_count_t(
                    source.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: Int(max(0, count)))))
            },
            write: { _, _, _ in 0 },
            tell: { sf_count_t(Source.from($0)?.position ?? 0) })
        return withExtendedLifetime(source) {
            guard
                let handle = sf_open_virtual(
                    &calls, Int32(SFM_READ), &info, Unmanaged.passUnretained(source).toOpaque())
            else { return nil }
            defer { sf_close(handle) }
            guard info.format & Int32(SF_FORMAT_TYPEMASK) == Int32(SF_FORMAT_FLAC), info.channels == 1,
                info.samplerate == Int32(SampleRange.sampleRate), info.frames > 0, info.frames <= mostFrames
            else { return nil }
            let count = Int(info.frames)
            let samples = [Int16](unsafeUninitializedCapacity: count) { buffer, read in
                read = max(0, Int(sf_readf_short(handle, buffer.baseAddress, sf_count_t(count))))
            }
            return samples.count == count ? AudioChunk(samples: samples) : nil
        }
    }

    /// An hour; chunks are far shorter, and a header may promise anything.
    private static let mostFrames = sf_count_t(3_600 * SampleRange.sampleRate)

    /// The file that the library reads.
    private final class Source {
        let bytes: [UInt8]
        private(set) var position = 0

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
        }

        static func from(_ data: UnsafeMutableRawPointer?) -> Source? {
            data.map { Unmanaged<Source>.fromOpaque($0).takeUnretainedValue() }
        }

        func seek(_ offset: Int, whence: Int32) -> Int {
            switch Int(whence) {
            case SF_SEEK_SET: position = offset
            case SF_SEEK_CUR: position += offset
            default: position = bytes.count + offset
            }
            position = min(max(0, position), bytes.count)
            return position
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
            let count = min(buffer.count, bytes.count - position)
            bytes.withUnsafeBytes {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
            }
            position += count
            return count
        }
    }
}
