import Foundation

/// A speech engine for `--engine command`: a shell script that notes each of its runs in a log, and whose answer
/// depends on the samples alone.
struct EngineScript: Sendable {
    /// A run of the engine that was started.
    struct Start: Hashable {
        let processID: pid_t
        /// The millrace that started it.
        let parent: pid_t
    }

    /// A run that has read its chunk.
    struct Hearing: Hashable {
        /// The checksum of the chunk.
        let checksum: String
        /// The millrace that asked.
        let parent: pid_t
    }

    let path: String
    private let logPath: String
    private let markPath: String

    /// Writes the script.
    ///
    /// `before` is run when the checksum is known, as `$1`.
    init(in place: Workplace, name: String = "engine", before: String = ":") throws {
        logPath = place.path("\(name).log")
        markPath = place.path("\(name).refused")
        try Data().write(to: URL(fileURLWithPath: logPath))
        path = try place.write(
            """
            echo "start $$ $PPID" >> \(logPath)
            set -- $(cksum)
            echo "chunk $1 $PPID" >> \(logPath)
            if [ -e \(markPath) ] && grep -q "^$1$" \(markPath); then
                echo "cannot hear $1" >&2
                exit 1
            fi
            \(before)
            echo "end $1 $PPID" >> \(logPath)
            echo "heard $1"

            """, to: "\(name).sh")
    }

    /// For `before`: from the given start on, every run waits until ``go(in:)``, so that a busy test misses nothing. Those
    /// that were started before do not, however late they are.
    static func waiting(fromStart number: Int, in place: Workplace, name: String = "engine") -> String {
        """
        if [ "$(grep '^start' \(place.path("\(name).log")) | grep -n "^start $$ " | tail -n 1 | cut -d: -f1)" \
            -ge \(number) ]; then
            while [ ! -e \(place.path("go")) ]; do sleep 0.1; done
        fi
        """
    }

    /// For `before`: a run waits for a permit of its own, see ``permit(_:in:)``, or until ``go(in:)``, so that the work
    /// does not come to its end while a busy test is late.
    static func waitingForPermit(in place: Workplace) throws -> String {
        let folder = place.path("permits")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return """
            permitted() { for permit in \(folder)/*; do rmdir "$permit" 2>/dev/null && return; done; return 1; }
            until [ -e \(place.path("go")) ] || permitted; do sleep 0.1; done
            """
    }

    /// Lets so many of the runs go on that wait for a permit.
    static func permit(_ count: Int, in place: Workplace) throws {
        for _ in 0..<count {
            try FileManager.default.createDirectory(
                atPath: place.path("permits/\(UUID())"), withIntermediateDirectories: false)
        }
    }

    /// Lets the runs go on that wait.
    static func go(in place: Workplace) throws {
        _ = try place.write("", to: "go")
    }

    /// The options that choose this engine.
    var options: [String] { ["--engine", "command", "--command", "sh \(path)"] }

    /// Makes it fail for a chunk; with `nil` for none.
    func refuse(_ checksum: String?) throws {
        try? FileManager.default.removeItem(atPath: markPath)
        if let checksum { try Data("\(checksum)\n".utf8).write(to: URL(fileURLWithPath: markPath)) }
    }

    func starts() throws -> [Start] {
        try lines("start").map { Start(processID: pid_t($0[0]) ?? 0, parent: pid_t($0[1]) ?? 0) }
    }

    func hearings() throws -> [Hearing] {
        try lines("chunk").map { Hearing(checksum: String($0[0]), parent: pid_t($0[1]) ?? 0) }
    }

    /// Runs that came to their end, by the millrace that started them.
    func ends() throws -> [pid_t: Int] {
        Dictionary(grouping: try lines("end")) { pid_t($0[1]) ?? 0 }.mapValues(\.count)
    }

    /// Those of its processes that are still there.
    func survivors() throws -> [pid_t] {
        try starts().map(\.processID).filter { process in
            let words = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
            return String(decoding: words, as: UTF8.self).contains(path)
        }
    }

    private func lines(_ kind: String) throws -> [[Substring]] {
        try String(contentsOfFile: logPath, encoding: .utf8).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            return fields.count == 3 && fields[0] == kind ? Array(fields.dropFirst()) : nil
        }
    }
}
