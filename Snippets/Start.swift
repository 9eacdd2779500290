import Millrace

struct Greet: JobHandler {
    let jobType = JobType(known: "greet")

    func run(_ name: String, in context: JobContext) async throws -> NoResult {
        print("Hello, \(name)!")
        return NoResult()
    }
}

let millrace = try await Millrace(store: .file("millrace.db"))
let transcript = try await millrace.transcribe("Examples/town-meeting.flac")
print(transcript.text)

try await millrace.jobs.enqueue(Greet().request("Ada"))
try await millrace.worker(handlers: [Greet()]).run()
