internal import MillraceRedis
internal import MillraceTesting
internal import NIOCore

/// Breaks replies and cuts them into pieces.
struct RESPFuzzer: Fuzzer {
    struct Input {
        var bytes: [UInt8]
        /// Where the second of two pieces begins.
        var cut: Int
    }

    /// Replies of every type.
    private static let samples = [
        "+OK\r\n", "-ERR unknown command\r\n", ":-9223372036854775808\r\n", "$5\r\nhello\r\n", "$-1\r\n", "*-1\r\n",
        "*3\r\n:1\r\n$1\r\na\r\n*1\r\n+b\r\n", "_\r\n", "#t\r\n", ",1.5e3\r\n", ",-inf\r\n",
        "(-349289032840923850932\r\n",
        "=7\r\ntxt:abc\r\n", "!9\r\nOOM a\r\nbc\r\n", "%2\r\n+a\r\n:1\r\n+b\r\n_\r\n", "~2\r\n:1\r\n:2\r\n",
        ">3\r\n+message\r\n+c\r\n$2\r\nhi\r\n", "|1\r\n+ttl\r\n:3\r\n*2\r\n:1\r\n|1\r\n+a\r\n*1\r\n:5\r\n:2\r\n",
    ].map { Array($0.utf8) }
    private static let alphabet = Array("+-:$*_#,(=!%~>|0123456789\r\nabtfinOK.e?".utf8)
    private static let limits = {
        var limits = RESPParser.Limits()
        (limits.bulkBytes, limits.elements, limits.depth, limits.lineBytes) = (4_096, 256, 8, 128)
        return limits
    }()

    func makeInput(using generator: inout SeededGenerator) -> Input {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            bytes += Self.samples.randomElement(using: &generator) ?? []
        }
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: Mutation.apply(to: &bytes, using: &generator)
        case 1: bytes = (0..<Int.random(in: 1...40, using: &generator)).map { _ in letter(using: &generator) }
        default:
            for _ in 0..<Int.random(in: 0...4, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                if Bool.random(using: &generator) {
                    bytes[place] = letter(using: &generator)
                } else {
                    bytes.insert(letter(using: &generator), at: place)
                }
            }
        }
        return Input(bytes: bytes, cut: Int.random(in: 0...bytes.count, using: &generator))
    }

    private func letter(using generator: inout SeededGenerator) -> UInt8 {
        Self.alphabet.randomElement(using: &generator) ?? 0
    }

    func check(_ input: Input) throws {
        let whole = outcome(input.bytes, cut: input.bytes.count)
        let pieces = outcome(input.bytes, cut: input.cut)
        // A floating-point number may be none, which equals nothing.
        guard whole.replies == pieces.replies || "\(whole)" == "\(pieces)", whole.isRefused == pieces.isRefused else {
            throw ContractViolation("it means something else when it is cut at \(input.cut)")
        }
        guard whole.replies.allSatisfy({ Self.size($0) <= Self.limits.elements }) else {
            throw ContractViolation("a reply has more values than are allowed")
        }
    }

    private func outcome(_ bytes: [UInt8], cut: Int) -> (replies: [RESPValue], isRefused: Bool) {
        var parser = RESPParser(limits: Self.limits)
        var buffer = ByteBuffer()
        var replies: [RESPValue] = []
        do {
            for piece in [bytes[..<cut], bytes[cut...]] {
                buffer.writeBytes(piece)
                while let reply = try parser.next(in: &buffer) { replies.append(reply) }
            }
        } catch {
            return (replies, true)
        }
        return (replies, false)
    }

    private static func size(_ value: RESPValue) -> Int {
        (value.elements ?? []).reduce(0) { $0 + 1 + size($1) }
    }

    func describe(_ input: Input) -> String {
        "\(String(decoding: input.bytes, as: UTF8.self).debugDescription) cut at \(input.cut)"
    }
}
