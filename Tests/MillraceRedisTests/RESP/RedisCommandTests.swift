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
}
