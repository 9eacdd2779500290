import Foundation
import Logging
import Testing

@testable import MillraceCommand

@Suite struct LogLineTests {
    private func line(_ message: String, _ metadata: Logger.Metadata = [:]) -> LogLine {
        LogLine(level: .warning, label: "millrace", message: message, metadata: metadata)
    }

    @Test func `text names level and facts, the facts in the order of their names`() {
        #expect(line("Something happened").text == "millrace: warning: Something happened")
        #expect(
            line("Something happened", ["job": "7", "error": "no route", "empty": ""]).text
                == #"millrace: warning: Something happened (empty="" error="no route" job=7)"#)
    }

    @Test(arguments: [
        ("a\nmillrace: error: forged", #"a\nmillrace: error: forged"#), ("\u{1B}[31mred", #"\u001b[31mred"#),
        ("\r\t\u{0}\u{7F}\u{9B}\u{2028}", #"\r\t\u0000\u007f\u009b\u2028"#), ("Grüße 🌾", "Grüße 🌾"),
    ])
    func `no text makes a second line or an order to a terminal`(text: String, escaped: String) throws {
        #expect(line(text).text == "millrace: warning: \(escaped)")
        let value = line("Said", ["what": "\(text)"]).text
        #expect(value.contains(escaped))
        #expect(value.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        let json = line(text, [text: .string(text)]).json(at: .now)
        #expect(json.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        let parsed = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(parsed["message"] as? String == text)
        #expect(parsed["metadata"] as? [String: String] == [text: text])
    }

    @Test(arguments: [#"say "yes""#, #"back\slash"#, "a=b", "(in brackets)", "two words"])
    func `a value that is no plain word stands in quotation marks`(text: String) {
        let marked = text.replacing(#"\"#, with: #"\\"#).replacing(#"""#, with: #"\""#)
        let line = line("Said", ["what": "\(text)", "who": "me"])
        #expect(line.text == #"millrace: warning: Said (what="\#(marked)" who=me)"#)
    }

    @Test func `JSON has time, level, label, message and metadata of any shape`() throws {
        let time = Date(timeIntervalSince1970: 1_700_000_000.25)
        let line = line("Said", ["list": ["a", ["b": "c"]], "number": .stringConvertible(7)])
        #expect(
            line.json(at: time)
                == #"{"label":"millrace","level":"warning","message":"Said","metadata":{"list":["a",{"b":"c"}],"#
                + #""number":"7"},"time":"2023-11-14T22:13:20.250Z"}"#)
        #expect(!self.line("Said").json(at: time).contains("metadata"))
    }

    @Test func `what the place of the call says goes over what the task says, and the error is a fact`() {
        var handler = ConsoleLogHandler(label: "millrace", console: Console(quiet: true), level: .trace)
        handler.metadataProvider = Logger.MetadataProvider { ["trace-id": "t", "a": "provided"] }
        handler.metadata = ["a": "logger", "b": "logger"]
        let event = LogEvent(
            level: .info, message: "Said", error: CancellationError(), metadata: ["b": "event"], source: nil, file: "",
            function: "", line: 0)
        #expect(
            handler.line(for: event).text
                == "millrace: info: Said (a=logger b=event error=\"CancellationError()\" trace-id=t)")
    }
}
