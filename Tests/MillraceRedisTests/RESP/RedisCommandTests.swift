import NIOCore
import Testing

@testable import MillraceRedis

@Suite struct RedisCommandTests {
    @Test func `a command is an array of strings, each with its length in bytes`() {
        let command = RedisCommand("CLIENT SETNAME", "häß", .bytes(ByteBuffer(bytes: [0, 13, 10])), -17)
        #expect(
            Array(command.bytes.readableBytesView)
                == Array("*5\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$5\r\nhäß\r\n$3\r\n\0\r\n\r\n$3\r\n-17\r\n".utf8))
    }

    @Test func `its description tells the name and no argument`() {
        #expect("\(RedisCommand("AUTH", "ann", "hush"))" == "AUTH")
    }

    @Test(arguments: [
        ("ERR no such key", "ERR", "no such key"), ("WRONGPASS bad", "WRONGPASS", "bad"), ("LOADING", "LOADING", ""),
        ("something else", "ERR", "something else"), ("", "ERR", ""), ("ERR_2 x", "ERR_2", "x"),
    ])
    func `an error's code is its first word, if that is all capitals`(text: String, code: String, message: String) {
        let error = RedisServerError(text)
        #expect(error.code.word == code && error.message == message)
        #expect("\(error)" == "the Redis server answered \(code)")
    }

    /// What Redis 6.2 sends: the server itself refuses with a hyphen and the line twice, a command with neither.
    @Test(arguments: [
        ("@user_script: 1: -READONLY You can't write", "READONLY", "You can't write"),
        ("@user_script: 12: -MISCONF Errors writing: x: -OOM", "MISCONF", "Errors writing: x: -OOM"),
        ("WRONGTYPE Operation against a key: -READONLY", "WRONGTYPE", "Operation against a key: -READONLY"),
        ("@user_script: 1: The user executing the script can't run", "ERR", "The user executing the script can't run"),
        ("user_script:1: -READONLY is only said", "ERR", "user_script:1: -READONLY is only said"),
    ])
    func `an error from inside a script is unwrapped`(text: String, code: String, message: String) {
        let error = RedisServerError("ERR Error running script (call to f_\(sha)): @user_script:12: \(text)")
        #expect(error.code.word == code && error.message == message)
    }

    private let sha = String(repeating: "0a", count: 20)
}
