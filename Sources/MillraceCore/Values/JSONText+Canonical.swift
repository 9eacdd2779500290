internal import Foundation

extension JSONText {
    /// The same bytes for all documents that mean the same; `nil` for what is no JSON.
    ///
    /// Numbers count as what they are in decimal, however many digits they have: a parser would make them fit its types.
    var canonical: Data? {
        guard
            let value = try? JSONSerialization.jsonObject(with: numbersAsStrings, options: .fragmentsAllowed)
        else { return nil }
        return try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
    }

    /// The document with a string in the place of each number, which begins with NUL as no string of a document does.
    private var numbersAsStrings: Data {
        var result = Data()
        var number: [UInt8] = []
        func endNumber() {
            guard !number.isEmpty else { return }
            result += Data(#""\u0000"#.utf8) + DecimalNumber.canonical(number) + Data(#"""#.utf8)
            number = []
        }
        var isInString = false
        var isEscaped = false
        for byte in text.utf8 {
            if !isInString, DecimalNumber.canContain(byte, asFirst: number.isEmpty) {
                number.append(byte)
                continue
            }
            endNumber()
            result.append(byte)
            if isInString, !isEscaped, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                if byte == UInt8(ascii: "\""), !isEscaped { isInString.toggle() }
                isEscaped = false
            }
        }
        endNumber()
        return result
    }
}

/// A number as JSON spells it.
private enum DecimalNumber {
    /// Whether a byte can be part of one.
    static func canContain(_ byte: UInt8, asFirst isFirst: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): !isFirst
        default: false
        }
    }

    /// Sign, digits without zeros at either end, and exponent; just `0` for zero.
    static func canonical(_ text: [UInt8]) -> Data {
        let parts = text.split(maxSplits: 1) { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
        guard let mantissa = parts.first,
            let power = parts.count == 1 ? 0 : Int(String(decoding: parts[1], as: UTF8.self))
        else { return Data(text) }
        let places = mantissa.firstIndex(of: UInt8(ascii: ".")).map { mantissa.endIndex - $0 - 1 } ?? 0
        let zero = UInt8(ascii: "0")
        let digits = mantissa.filter { (zero...UInt8(ascii: "9")).contains($0) }
        guard let first = digits.firstIndex(where: { $0 != zero }), let last = digits.lastIndex(where: { $0 != zero })
        else { return Data([zero]) }
        let (exponent, overflow) = power.subtractingReportingOverflow(places - (digits.count - 1 - last))
        guard !overflow else { return Data(text) }
        let sign = mantissa.first == UInt8(ascii: "-") ? "-" : ""
        return Data(sign.utf8) + digits[first...last] + Data("e\(exponent)".utf8)
    }
}
