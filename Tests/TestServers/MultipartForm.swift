internal import Foundation

/// A form as a client sent it (RFC 7578).
public struct MultipartForm: Sendable {
    /// A file in the form.
    public struct File: Sendable {
        /// What the client calls it.
        public let name: String
        /// What the client says it is.
        public let type: String
        /// What is in it.
        public let bytes: [UInt8]
    }

    /// The values of every field that is no file, in order.
    public private(set) var values: [String: [String]] = [:]
    /// The files by field.
    public private(set) var files: [String: File] = [:]

    /// Reads the body of a request; `nil` when it is no whole form.
    public init?(_ request: HTTPTestRequest) {
        guard let type = request.header("content-type"), let start = type.range(of: "multipart/form-data; boundary="),
            start.lowerBound == type.startIndex
        else { return nil }
        let boundary = type[start.upperBound...]
        let body = Data("\r\n".utf8) + request.body
        let mark = Data("\r\n--\(boundary)".utf8)
        var from = body.range(of: mark)?.upperBound
        while let begin = from {
            let rest = body[begin...]
            if rest.elementsEqual(Data("--\r\n".utf8)) { return }
            guard let end = body.range(of: mark, in: begin..<body.endIndex), rest.starts(with: Data("\r\n".utf8)),
                add(rest[(begin + 2)..<end.lowerBound])
            else { return nil }
            from = end.upperBound
        }
        return nil
    }

    /// Takes one part: its headers, an empty line, its content.
    private mutating func add(_ part: Data) -> Bool {
        guard let gap = part.range(of: Data("\r\n\r\n".utf8)) else { return false }
        var name: String?
        var fileName: String?
        var type = ""
        for line in String(decoding: part[part.startIndex..<gap.lowerBound], as: UTF8.self).components(
            separatedBy: "\r\n")
        {
            if line.hasPrefix("content-disposition: form-data;") {
                name = Self.quoted("name", in: line)
                fileName = Self.quoted("filename", in: line)
            } else if line.hasPrefix("content-type: ") {
                type = String(line.dropFirst("content-type: ".count))
            }
        }
        guard let name else { return false }
        let content = part[gap.upperBound...]
        if let fileName {
            files[name] = File(name: fileName, type: type, bytes: Array(content))
        } else {
            values[name, default: []].append(String(decoding: content, as: UTF8.self))
        }
        return true
    }

    private static func quoted(_ parameter: String, in line: String) -> String? {
        guard let start = line.range(of: " \(parameter)=\"") else { return nil }
        return String(line[start.upperBound...].prefix { $0 != "\"" })
    }
}
