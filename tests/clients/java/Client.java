/** The official Java client: producer, consumer and admin. */
public final class Client {
    public static void main(String[] arguments) {
        Protocol protocol = new Protocol();
        ClientAdmin.addTo(protocol);
        ClientRecords.addTo(protocol);
        ClientReading.addTo(protocol);
        ClientGroups.addTo(protocol);
        ClientTrouble.addTo(protocol);
        protocol.run(arguments);
    }
}
