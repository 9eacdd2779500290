import MillraceCore
import Testing

@Suite struct InvalidValueTests {
    @Test("It says what and why in one line")
    func description() {
        #expect("\(InvalidValue("priority", "is odd"))" == "priority: is odd")
    }
}
