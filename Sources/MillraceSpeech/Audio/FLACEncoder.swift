internal import CSndFile
internal import MillraceCore
internal import NIOCore

/// Writes sound as a FLAC file in memory: 16 kHz, mono, 16 bits; half the size of a WAV, and the same samples.
enum FLACEncoder {
    /// Appends the file to a buffer; `false` when the library cannot make it.
    static func append(_ audio: AudioChunk, to buffer: inout ByteBuffer) -> Bool {
        let sink = Sink(buffer)
        // Only one buffer may exist while it is written, or every write copies it.
        buffer = ByteBuffer()
        defer { buffer = sink.buffer }
        var info = SF_INFO()
        info.samplerate = Int32(SampleRange.sampleRate)
        info.channels = 1
        info.format = Int32(SF_FORMAT_FLAC | SF_FORMAT_PCM_16)
        var calls = SF_VIRTUAL_IO(
            get_filelen: { sf_count_t(Sink.from($0)?.length ?? 0) },
            seek: { sf_count_t(Sink.from($2)?.seek(Int($0), whence: $1) ?? -1) },
            read: { _, _, _ in 0 },
            write: { bytes, count, data in
                guard let bytes, let sink = Sink.from(data) else { return 0 }
                sink.write(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
                return count
            },
            tell: { sf_count_t(Sink.from($0)?.position ?? 0) })
        return withExtendedLifetime(sink) {
            guard
                let handle = sf_open_virtual(&calls, Int32(SFM_WRITE), &info, Unmanaged.passUnretained(sink).toOpaque())
            else { return false }
            let written = audio.samples.withUnsafeBufferPointer {
                sf_writef_short(handle, $0.baseAddress, sf_count_t($0.count))
            }
            return sf_close(handle) == 0 && written == audio.samples.count
        }
    }

    /// The file that the library writes: what follows `start` in a buffer.
    private final class Sink {
        var buffer: ByteBuffer
        private(set) var position = 0
        private let start: Int

        init(_ buffer: ByteBuffer) {
            self.buffer = buffer
            start = buffer.writerIndex
        }

        static func from(_ data: UnsafeMutableRawPointer?) -> Sink? {
            data.map { Unmanaged<Sink>.fromOpaque($0).takeUnretainedValue() }
        }

        var length: Int { buffer.writerIndex - start }

        func seek(_ offset: Int, whence: Int32) -> Int {
            switch Int(whence) {
            case SF_SEEK_SET: position = offset
            case SF_SEEK_CUR: position += offset
            default: position = length + offset
            }
            return position
        }

        /// Writes at the position, where the header is written again at the end.
        func write(_ bytes: UnsafeRawBufferPointer) {
            let index = start + position
            buffer.setBytes(bytes, at: index)
            position += bytes.count
            if start + position > buffer.writerIndex { buffer.moveWriterIndex(to: start + position) }
        }
    }
}
