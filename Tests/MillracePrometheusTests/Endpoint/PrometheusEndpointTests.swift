import MillraceCore
import Testing

@testable import MillracePrometheus

@Suite("The place of a Prometheus")
struct PrometheusEndpointTests {
    @Test(
        "is kept in one form, with its prefix, however it was written",
        arguments: [
            ("http://example.org:9090", "http://example.org:9090/api/v1/query"),
            ("HTTP://Example.org:80/", "http://example.org/api/v1/query"),
            ("https://example.org:443/prometheus//", "https://example.org/prometheus/api/v1/query"),
            ("http://example.org/mimir/api/v1/write", "http://example.org/mimir/api/v1/query"),
            ("http://example.org/api/v1/query?timeout=2s", "http://example.org/api/v1/query"),
            ("http://[::1]:9090", "http://[::1]:9090/api/v1/query"),
            ("http://example.org/a%20b", "http://example.org/a%20b/api/v1/query"),
        ])
    func forms(url: String, query: String) throws {
        #expect(try PrometheusEndpoint(url, environment: [:]).url("/api/v1/query") == query)
    }

    @Test("has its options in the URL")
    func options() throws {
        let plain = try PrometheusEndpoint("http://example.org", environment: [:])
        #expect(plain.timeout == .seconds(30) && plain.connectTimeout == .seconds(5))
        #expect(plain.writePath == "/api/v1/write" && plain.tls == nil)
        let full = try PrometheusEndpoint(
            "https://example.org?timeout=1500ms&connect_timeout=2s&write_path=/api/v1/push&tls_ca=/a&tls_certificate=/b&tls_key=/c",
            environment: [:])
        #expect(full.timeout == .milliseconds(1_500) && full.connectTimeout == .seconds(2))
        #expect(full.writePath == "/api/v1/push")
        #expect(full.tls == .init(authoritiesPath: "/a", certificatePath: "/b", keyPath: "/c"))
    }

    @Test(
        "is refused in words that repeat nothing of it",
        arguments: [
            "", "example.org:9090", "ftp://example.org", "http://", "http://secret@example.org#x",
            "http://example.org:0", "http://:secret@example.org", "http://se%3Acret:x@example.org",
            "http://example.org?timeout=secret", "http://example.org?timeout=0s", "http://example.org?tls_ca=/secret",
            "https://example.org?tls_key=/secret", "http://example.org?write_path=secret",
            "http://u:secret@exa mple.org",
        ])
    func refused(url: String) throws {
        let error = try #require(throws: InvalidValue.self) { try PrometheusEndpoint(url, environment: [:]) }
        #expect(error.kind == "Prometheus URL" && !error.reason.contains("secret") && !error.reason.contains("\n"))
    }

    @Test("names the option that there is not")
    func unknownOption() {
        #expect(throws: InvalidValue.self) { try PrometheusEndpoint("http://example.org?tls=no", environment: [:]) }
    }

    @Test("is asked with the user and password of the URL, or the password of the environment")
    func basic() throws {
        func authorization(_ url: String, _ password: String? = nil) throws -> String? {
            let environment = password.map { [PrometheusEndpoint.passwordVariable: $0] } ?? [:]
            return try PrometheusEndpoint(url, environment: environment).headers.first { $0.name == "authorization" }?
                .value
        }
        #expect(try authorization("http://ann:p%40ss:x@example.org") == "Basic YW5uOnBAc3M6eA==")
        #expect(try authorization("http://ann@example.org", "p@ss:x") == "Basic YW5uOnBAc3M6eA==")
        #expect(try authorization("http://ann:p%40ss:x@example.org", "other") == "Basic YW5uOnBAc3M6eA==")
        #expect(try authorization("http://example.org", "p") == nil)
    }

    @Test("is asked with a bearer token, which goes with no user and must fit in a header")
    func bearer() throws {
        func endpoint(_ token: String, _ url: String = "http://example.org") throws -> PrometheusEndpoint {
            try PrometheusEndpoint(url, environment: [PrometheusEndpoint.tokenVariable: token])
        }
        let headers = try endpoint(" abc.def\n").headers
        #expect(headers.map(\.name) == ["authorization"] && headers.first?.value == "Bearer abc.def")
        #expect(try endpoint("").headers.isEmpty)
        for token in ["a b", "a\r\nX: y", "ü"] { #expect(throws: InvalidValue.self) { try endpoint(token) } }
        #expect(throws: InvalidValue.self) { try endpoint("abc", "http://ann:p@example.org") }
    }

    @Test("is sent further headers, but none of those that the protocol sets")
    func customHeaders() throws {
        func headers(_ text: String) throws -> [String] {
            try PrometheusEndpoint("http://example.org", environment: [PrometheusEndpoint.headersVariable: text])
                .headers
                .map { "\($0.name)=\($0.value)" }
        }
        #expect(try headers("X-Scope-OrgID=one, X-Other=a%2Cb=c") == ["x-scope-orgid=one", "x-other=a,b=c"])
        #expect(try headers("") == [])
        for reserved in [
            "Content-Type", "content-encoding", "USER-AGENT", "X-Prometheus-Remote-Write-Version", "Host",
            "Authorization", "Content-Length", "Retry-Attempt", "Transfer-Encoding",
        ] {
            let error = try #require(throws: InvalidValue.self) { try headers("X-A=b,\(reserved)=x") }
            #expect(error.reason.contains(reserved.lowercased()))
        }
        for wrong in ["X-A", "=b", "X A=b", "X-A=b%0D%0AX-B=c", "X-A=%", "X-A=b,x-a=c", "X-\u{FC}=b", "X-A=\u{FC}"] {
            #expect(throws: InvalidValue.self) { try headers(wrong) }
        }
    }

    @Test("shows neither password nor token, however it is printed")
    func hidden() throws {
        let endpoint = try PrometheusEndpoint(
            "https://ann:secret@example.org:9091/secret?tls_ca=/secret",
            environment: [PrometheusEndpoint.headersVariable: "X-A=secret"])
        var dumped = ""
        dump(endpoint, to: &dumped)
        for text in ["\(endpoint)", String(reflecting: endpoint), String(describing: [endpoint]), dumped] {
            #expect(!text.contains("secret") && !text.contains("YW5u") && text.contains("https://example.org:9091"))
        }
    }

    @Test("has files of TLS that can be read, or is refused in the option's name")
    func files() throws {
        for option in [
            "tls_ca=/nowhere.pem", "tls_ca=/etc/hostname", "tls_certificate=/nowhere.pem&tls_key=/nowhere.pem",
        ] {
            let endpoint = try PrometheusEndpoint("https://example.org?\(option)", environment: [:])
            let error = try #require(throws: InvalidValue.self) {
                try PrometheusEndpoint.clientConfiguration(for: endpoint)
            }
            #expect(error.kind.hasPrefix("tls_") && error.reason.contains("/"))
        }
        #expect(throws: Never.self) {
            try PrometheusEndpoint.clientConfiguration(for: PrometheusEndpoint("https://example.org", environment: [:]))
        }
    }
}
