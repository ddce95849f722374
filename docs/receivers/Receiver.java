// Receives webhooks: verifies them, drops doubles, answers. Java 17 or newer, and nothing else.
//   WEBHOOK_SECRET=whsec_… PORT=8000 java Receiver.java
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Receiver {
    static final byte[] KEY = Base64.getDecoder().decode(System.getenv("WEBHOOK_SECRET").replaceFirst("^whsec_", ""));
    // A real receiver remembers for days, in a table with a unique key.
    static final Set<String> TAKEN = ConcurrentHashMap.newKeySet();

    static boolean isGenuine(String id, String timestamp, String signatures, byte[] body) throws GeneralSecurityException {
        if (id == null || timestamp == null || signatures == null || !timestamp.matches("\\d{1,12}")) return false;
        if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) > 300) return false;
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(KEY, "HmacSHA256"));
        mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
        byte[] wanted = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(StandardCharsets.UTF_8);
        for (String entry : signatures.split(" ")) {
            if (MessageDigest.isEqual(wanted, entry.getBytes(StandardCharsets.UTF_8))) return true;
        }
        return false;
    }

    static void receive(HttpExchange call) throws IOException {
        // The bytes as they came: parsed and written again they verify no more.
        byte[] body = call.getRequestBody().readAllBytes();
        var headers = call.getRequestHeaders();
        String id = headers.getFirst("webhook-id");
        try (call) {
            if (!isGenuine(id, headers.getFirst("webhook-timestamp"), headers.getFirst("webhook-signature"), body)) {
                call.sendResponseHeaders(401, -1);
                return;
            }
            // Hand the event over to your own queue here, and answer at once.
            if (TAKEN.add(id)) System.out.println("took " + id);
            call.sendResponseHeaders(204, -1);
        } catch (GeneralSecurityException error) {
            throw new IOException(error);
        }
    }

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", Receiver::receive);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }
}
