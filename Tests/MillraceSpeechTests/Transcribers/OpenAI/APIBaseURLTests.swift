import Foundation
import MillraceCore
import Testing

@testable import MillraceSpeech

@Suite struct APIBaseURLTests {
    @Test(
        arguments: [
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            ("https://api.openai.com", "https://api.openai.com/v1"),
            ("HTTPS://API.OpenAI.com:443/v1///", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1/audio/transcriptions", "https://api.openai.com/v1"),
            ("http://localhost:8000/", "http://localhost:8000/v1"),
            ("http://localhost:80", "http://localhost/v1"),
            ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
            ("https://api.groq.com/openai/v1/", "https://api.groq.com/openai/v1"),
            ("http://10.0.0.1:8080/inference/V2", "http://10.0.0.1:8080/inference/V2"),
        ])
    func `every way of writing a place is one`(text: String, form: String) throws {
        let url = try APIBaseURL(text)
        #expect(url.transcriptions == form + "/audio/transcriptions")
        #expect(url.models == form + "/models")
        #expect(url.fingerprint == ContentHash(of: Data(form.utf8)))
        #expect(try url == APIBaseURL(form))
    }

    @Test(
        arguments: [
            "", "localhost:8000", "api.openai.com/v1", "ftp://x/v1", "file:///etc/passwd", "http+unix://%2Frun/v1",
            "http://", "http:///v1", "http://ex ample/v1", " http://x", "http://x:99999", "http://x:0",
            "http://x/v1?key=a",
            "http://x/v1#a", "http://x/v1?",
        ])
    func `what is no address of an API is refused`(text: String) {
        #expect(throws: InvalidValue.self) { try APIBaseURL(text) }
    }

    @Test(arguments: ["https://me:secret@example.com/v1", "https://secret@example.com", "https://me:secret@"])
    func `a user or a password is refused and not shown`(text: String) {
        do throws(InvalidValue) {
            _ = try APIBaseURL(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(!error.description.contains("secret"))
        }
    }

    @Test func `another place, port or scheme is another engine`() throws {
        let urls = try ["https://a/v1", "http://a/v1", "https://b/v1", "https://a:1/v1", "https://a/v2"].map {
            try OpenAIConfiguration(baseURL: APIBaseURL($0), model: "m").identity()
        }
        #expect(Set(urls).count == urls.count)
        #expect(urls.allSatisfy { $0.kind == "openai" && $0.model == "m" })
    }

    @Test func `what may be shown is the host and an unusual port`() throws {
        #expect(try APIBaseURL("https://Example.com:443/v1").host == "example.com")
        #expect(try APIBaseURL("http://127.0.0.1:8000/v1").host == "127.0.0.1:8000")
        #expect(try APIBaseURL("http://127.0.0.1:8000").isLocal)
        #expect(try APIBaseURL("http://[::1]").isLocal)
        #expect(try APIBaseURL("http://localhost").isLocal)
        #expect(try !APIBaseURL("http://10.0.0.1").isLocal)
        #expect(try !APIBaseURL("http://localhost.example.com").isLocal)
        #expect(try !APIBaseURL("http://127.example.com").isLocal)
    }
}
