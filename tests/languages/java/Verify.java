// Says whether Standard Webhooks' library for Java believes a call: headers a line each, an empty line, the body.
import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

public class Verify {
    public static void main(String[] arguments) throws Exception {
        String[] call = new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\n\n", 2);
        Map<String, List<String>> headers = call[0].lines()
            .map(line -> line.split(": ", 2))
            .collect(Collectors.toMap(header -> header[0], header -> List.of(header[1])));
        Webhook webhook = new Webhook(System.getenv("WEBHOOK_SECRET"));
        try {
            webhook.verify(call[1], headers);
            System.out.println("yes");
        } catch (WebhookVerificationException refused) {
            System.out.println("no");
        }
    }
}
