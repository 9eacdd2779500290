import Foundation
import MillraceCore
import MillraceTesting
import Testing

@Suite struct JSONTextTests {
    @Test(
        "Documents that mean the same are equal and hash alike",
        arguments: [
            (#"{"a":1,"b":[true,null]}"#, #" { "b" : [ true , null ] , "a" : 1 } "#), ("1", "1.0"), ("100", "1e2"),
            ("0.5", "0.50"), (#""\u00e9""#, "\"\u{E9}\""), (#""\ud83d\ude00""#, #""😀""#), (#""\/""#, #""/""#),
            ("[]", "[ ]"), ("-0.25", "-25e-2"),
            // As PostgreSQL spells them.
            (#"{"a":1e16}"#, #"{"a":10000000000000000}"#), ("-0.0", "0.0"), ("-0", "0"), ("0e9", "0.000"),
            ("[1.5e+17]", "[150000000000000000]"), ("1E20", "100000000000000000000"), ("1.50E-7", "0.00000015"),
            ("123456789012345678901234567890.5", "1234567890123456789012345678905e-1"),
            (#"{"a":["1e2",1e2]}"#, #"{"a":["1e2",100]}"#), (#"{"a":1,"a":2e1}"#, #"{"a":20}"#),
        ])
    func equal(left: String, right: String) throws {
        let (left, right) = (try JSONText(left), try JSONText(right))
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
    }

    @Test(
        "Documents that mean something else differ",
        arguments: [
            ("1", "true"), ("0", "false"), ("null", "{}"), ("[1,2]", "[2,1]"), ("1", #""1""#),
            (#"{"a":1}"#, #"{"A":1}"#),
            ("9007199254740993", "9007199254740992"), ("18446744073709551615", "18446744073709551614"),
            ("\"\u{E9}\"", "\"e\u{301}\""), (#"{"a":null}"#, "{}"),
            ("0.1", "0.10000000000000000001"), ("1e20", "100000000000000000001"), ("1e2", #""1e2""#),
            ("1e2", #""100""#),
            ("1", "-1"), ("1e-3", "1e3"), (#"["\"1e2"]"#, #"["\"100"]"#),
        ])
    func different(left: String, right: String) throws {
        #expect(try JSONText(left) != JSONText(right))
    }

    @Test("A number is the same however it is spelled, and no other")
    func numbers() throws {
        var generator = TestSeed.generator()
        for _ in 0..<2_000 {
            let digits = String(UInt64.random(in: 1...UInt64.max, using: &generator))
                .prefix(Int.random(in: 1...20, using: &generator))
            let exponent = Int.random(in: -40...40, using: &generator)
            let sign = Bool.random(using: &generator) ? "-" : ""
            let short = sign + digits + "e\(exponent)"
            let zeros = String(repeating: "0", count: Int.random(in: 0...4, using: &generator))
            // All digits written out, before the point or behind it.
            let long =
                exponent >= 0
                ? digits + String(repeating: "0", count: exponent) + (zeros.isEmpty ? "" : "." + zeros)
                : "0." + String(repeating: "0", count: max(0, -exponent - digits.count))
                    + digits.suffix(min(digits.count, -exponent)) + zeros
            let whole = exponent < 0 ? String(digits.dropLast(min(digits.count, -exponent))) : ""
            let spelled = sign + (whole.isEmpty ? long : whole + long.dropFirst())
            let (left, right) = (try JSONText(#"{"n":\#(short)}"#), try JSONText(#"{ "n" : \#(spelled) }"#))
            #expect(left == right && left.hashValue == right.hashValue, "\(short) \(spelled) (seed \(TestSeed.value))")
            let next = try JSONText(#"{"n":\#(sign)\#(digits)1e\#(exponent - 1)}"#)
            #expect(next != left, "\(short) (seed \(TestSeed.value))")
        }
    }

    @Test(
        "What is no JSON is refused",
        arguments: [
            "", " ", "{", "nul", "{'a':1}", "[1,]", #"{"a":[1 , ]}"#, #"{"a":1,}"#, "\u{FEFF}[1]", "1\0", "[1]]", "NaN",
            "01", #""\ud800""#, "\"\n\"", "1 2", "{1:2}",
            String(repeating: "[", count: 100_000),
        ])
    func refused(text: String) {
        #expect(throws: InvalidValue("JSON", "is not a valid document")) { try JSONText(text) }
    }

    @Test(
        "NUL in a string is refused wherever it is",
        arguments: [
            #""\u0000""#, #"{"a":["b\u0000"]}"#, #"{"\u0000":1}"#, #"[[{"a":{"b":"\u0000c"}}]]"#,
            #"{"a":"\u0000","a":1}"#,
        ])
    func refusesNUL(text: String) {
        #expect(throws: InvalidValue("JSON", "a string contains the character NUL, which no store can keep")) {
            try JSONText(text)
        }
    }

    @Test("An escaped backslash before u0000 is no NUL")
    func backslash() throws {
        #expect(try JSONText(#""\\u0000""#).decode(String.self) == #"\u0000"#)
    }

    @Test("Commas, brackets and quotes in strings are no syntax")
    func syntaxInStrings() throws {
        #expect(try JSONText(#"["a,]", ",}", "\",", "\\"]"#).decode([String].self) == ["a,]", ",}", "\",", "\\"])
    }

    @Test("A value is encoded with its keys in order, and comes back")
    func encodes() throws {
        let json = try JSONText(encoding: ["b": 1, "a": 2])
        #expect(json.text == #"{"a":2,"b":1}"#)
        #expect(try json.decode([String: Int].self) == ["a": 2, "b": 1])
    }

    @Test("What cannot be encoded or decoded is refused without its content")
    func refusesValues() throws {
        #expect(throws: InvalidValue("JSON", "the value cannot be encoded: Double")) {
            try JSONText(encoding: Double.nan)
        }
        #expect(throws: InvalidValue.self) { try JSONText(encoding: "\0") }
        let secret = try JSONText(#"{"secret":1}"#)
        #expect(throws: InvalidValue("JSON", "the document is not a String")) { try secret.decode(String.self) }
    }

    @Test("The description shows the size alone")
    func description() throws {
        #expect("\(try JSONText(#"{"secret":1}"#))" == "JSON of 12 bytes")
        #expect(JSONText.emptyObject.text == "{}")
    }
}
