import Testing

@testable import MillraceSpeech

@Suite struct ErrorTailTests {
    private func tail(_ texts: String...) -> String {
        var tail = ErrorTail()
        for text in texts { tail.append(Array(text.utf8)) }
        return tail.line
    }

    @Test func `joins the last lines and cleans them`() {
        #expect(tail() == "")
        #expect(tail(" \n\n") == "")
        #expect(tail("one\n", "two\r\n\nthree") == "one | two | three")
        #expect(tail("\u{1B}[31mred\u{1B}[0m\u{7}\t\u{202E}bell") == "red bell")
    }

    @Test func `keeps the end of much`() {
        var tail = ErrorTail()
        for number in 0..<10_000 { tail.append(Array("line \(number)\n".utf8)) }
        #expect(tail.line.hasSuffix("line 9998 | line 9999"))
        #expect(tail.line.count <= 500)
        tail.append([UInt8](repeating: 0x61, count: 1_000_000))
        #expect(tail.line == String(repeating: "a", count: 500))
    }

    @Test func `takes bytes that are no text`() {
        var tail = ErrorTail()
        tail.append([0xFF, 0x61, 0x00, 0xC3])
        #expect(tail.line.contains("a"))
    }
}
