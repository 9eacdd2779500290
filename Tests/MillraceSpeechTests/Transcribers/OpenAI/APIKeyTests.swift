import MillraceCore
import Testing

@testable import MillraceSpeech

@Suite struct APIKeyTests {
    private func key(_ url: String, _ environment: [String: String]) throws -> String? {
        try APIKey(for: APIBaseURL(url), environment: environment)?.secret
    }

    @Test func `the key for millrace comes before the common one`() throws {
        let both = ["MILLRACE_OPENAI_API_KEY": "own", "OPENAI_API_KEY": "common"]
        #expect(try key("https://api.openai.com", both) == "own")
        #expect(try key("https://api.openai.com", ["OPENAI_API_KEY": "common"]) == "common")
        #expect(try key("https://api.openai.com", ["MILLRACE_OPENAI_API_KEY": "", "OPENAI_API_KEY": "c"]) == "c")
        #expect(try key("https://api.openai.com", [:]) == nil)
    }

    @Test func `the common key goes out encrypted or to this machine only`() throws {
        let common = ["OPENAI_API_KEY": "common"]
        #expect(try key("http://10.0.0.1:8000", common) == nil)
        #expect(try key("http://example.com", common) == nil)
        #expect(try key("https://example.com", common) == "common")
        #expect(try key("http://localhost:8000", common) == "common")
        #expect(try key("http://10.0.0.1:8000", ["MILLRACE_OPENAI_API_KEY": "own"]) == "own")
    }

    @Test func `blanks and line ends around a key are dropped, and within it refused`() throws {
        #expect(try APIKey(" sk-1 \r\n").secret == "sk-1")
        for text in ["", " \n", "a b", "a\nb", "a\u{7F}", "ü", "a\0"] {
            #expect(throws: InvalidValue.self) { try APIKey(text) }
        }
        do throws(InvalidValue) {
            _ = try APIKey(for: .openAI, environment: ["OPENAI_API_KEY": "sk secret"])
            Issue.record("it was taken")
        } catch {
            #expect(error.description.hasPrefix("OPENAI_API_KEY: "))
            #expect(!error.description.contains("secret"))
        }
    }

    @Test func `a key is never shown`() throws {
        let configuration = OpenAIConfiguration(key: try APIKey("sk-secret"))
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [dumped, "\(configuration)", String(reflecting: configuration), "\(configuration.key as Any)"] {
            #expect(!text.contains("secret"), "\(text)")
        }
        #expect(try APIKey("sk-1").redacted(from: "your key sk-1 is wrong") == "your key <key> is wrong")
    }
}
