import MillraceRedis
import Testing

@Suite struct RedisConfigurationTests {
    @Test func `a URL names host, port, database, user and times`() throws {
        let configuration = try RedisConfiguration(
            "rediss://ann:p%40ss@db.example:7000/3?timeout=250ms&connect_timeout=2s&tls_ca=/ca.pem", environment: [:])
        #expect(configuration.host == "db.example" && configuration.port == 7_000 && configuration.database == 3)
        #expect(configuration.user == "ann")
        #expect(configuration.commandTimeout == .milliseconds(250) && configuration.connectTimeout == .seconds(2))
        #expect(configuration.tls?.authoritiesPath == "/ca.pem")
        #expect("\(configuration)" == "rediss://db.example:7000/3")
    }

    @Test func `what is left out has its usual value`() throws {
        let configuration = try RedisConfiguration("redis://[::1]", environment: [:])
        #expect(configuration.host == "::1" && configuration.port == 6_379 && configuration.database == 0)
        #expect(configuration.user == nil && configuration.tls == nil)
        #expect("\(configuration)" == "redis://[::1]:6379/0")
    }

    @Test(arguments: [
        "", "db.example", "http://db.example", "redis://", "redis:///2", "redis://h/two", "redis://h/-1", "redis://h:0",
        "redis://h:70000", "redis://h?timeout=soon", "redis://h?timeout=0s", "redis://h?no_such=1",
        "redis://h?tls_ca=/ca.pem", "rediss://h?tls_key=/key.pem", "redis://ann:hu sh@h",
    ])
    func `a URL that makes no sense is refused, without its password`(url: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url, environment: [:]) }
        #expect(error?.code == .configuration)
        #expect(error?.description.contains("hu sh") == false)
    }
}
