import Foundation
import Testing

@testable import MillraceSpeech

@Suite struct APIErrorTextTests {
    private func text(_ body: String) -> APIErrorText { APIErrorText(Data(body.utf8), hiding: nil) }

    @Test(
        arguments: [
            (
                #"{"error":{"message":"Bad\nfile","type":"invalid_request_error","param":"file","code":null}}"#,
                "Bad file"
            ),
            (#"{"error":{"message":"Too long","param":"prompt"}}"#, "Too long (prompt)"),
            (#"{"error":"failed to read"}"#, "failed to read"), (#"{"detail":"Not Found"}"#, "Not Found"),
            (
                #"{"detail":[{"loc":["body","file"],"msg":"field required"},{"msg":"and more"}]}"#,
                "field required, and more"
            ),
            (#"{"message":"No route","code":404}"#, "No route"), (#""just this""#, "just this"),
            ("plain \u{1B}[31mtext\u{0}\r\n", "plain [31mtext"), ("<!DOCTYPE html><html>…", ""), ("", ""),
            (#"{"error":{}}"#, ""), ("[1,2]", ""), (#"{"error":null}"#, ""),
        ])
    func `what went wrong is one line`(body: String, line: String) {
        #expect(text(body).line == line)
    }

    @Test func `a long text is shortened`() {
        let line = text(#"{"error":"\#(String(repeating: "ab ", count: 1_000))"}"#).line
        #expect(line.count == 300 && line.hasSuffix("…"))
    }

    @Test(arguments: [0, 230, 280, 298])
    func `the key is taken out before a long text is shortened`(before: Int) throws {
        let secret = "sk-" + String(repeating: "q7", count: 30)
        let said = String(repeating: "a", count: before) + secret
        let line = APIErrorText(Data(#"{"error":"\#(said)"}"#.utf8), hiding: try APIKey(secret)).line
        #expect(!line.contains("q7") && !line.contains("sk-"), "\(line)")
        #expect(line.count <= 300 && line.contains("<"))
    }

    @Test func `a quota that is used up is told from a limit`() {
        #expect(text(#"{"error":{"message":"m","code":"insufficient_quota"}}"#).isQuotaUsedUp)
        #expect(text(#"{"error":{"message":"m","type":"insufficient_quota"}}"#).isQuotaUsedUp)
        #expect(!text(#"{"error":{"message":"m","code":"rate_limit_exceeded"}}"#).isQuotaUsedUp)
    }

    @Test func `an error may come with a good status`() {
        #expect(APIErrorText.isError(Data(#"{"error":"failed to read"}"#.utf8)))
        #expect(!APIErrorText.isError(Data(#"{"text":"an error","error":null}"#.utf8)))
        #expect(!APIErrorText.isError(Data(#"{"text":"a"}"#.utf8)))
        #expect(!APIErrorText.isError(Data("error".utf8)))
    }
}
