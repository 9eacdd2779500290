import Foundation
import Testing

#if os(Linux)
    @Suite struct KilledOwnerTests {
        @Test func `the engine does not outlive a process that is killed, and is not killed before`() async throws {
            let folder = try TemporaryFolder()
            let script = try folder.script(
                "echo $$ > '\(folder.file("new"))'; mv '\(folder.file("new"))' '\(folder.file("pid"))'; exec sleep 1000"
            )
            let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let owner = Process()
            owner.executableURL = URL(fileURLWithPath: tests).deletingLastPathComponent()
                .appendingPathComponent("EngineOwner")
            owner.arguments = [script]
            owner.environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": folder.path]) { $1 }
            owner.standardOutput = FileHandle.nullDevice
            try owner.run()
            await eventually { FileManager.default.fileExists(atPath: folder.file("pid")) }
            // The thread that started the engine must stay: idle threads of a pool are gone within seconds.
            try await Task.sleep(for: .seconds(6))
            #expect(try !isGone(pidFile: folder.file("pid")))
            kill(owner.processIdentifier, SIGKILL)
            await eventually { (try? isGone(pidFile: folder.file("pid"))) ?? false }
        }
    }
#endif
