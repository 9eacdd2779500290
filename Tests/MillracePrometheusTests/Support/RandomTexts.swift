import MillraceTesting

/// Texts of so many bytes each that cannot be compressed to much less.
func randomTexts(_ count: Int, bytes: Int) -> [String] {
    var random = TestSeed.generator()
    return (0..<count).map { _ in
        String(decoding: (0..<bytes).map { _ in UInt8.random(in: 0x30...0x7E, using: &random) }, as: UTF8.self)
    }
}
