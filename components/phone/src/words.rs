//! What calls and answers to texts say, in five languages; where a customer's is none of them, in English.

use receivables::opt_out::Meaning;

/// The words of one language.
pub(crate) struct Words {
    /// Its BCP 47 tag.
    tag: &'static str,
    /// The language of the voice that reads them, as Twilio and Vonage name it.
    pub(crate) voice: &'static str,
    /// What the keys do.
    pub(crate) keys: &'static str,
    /// `{amount}`, `{day}`.
    pub(crate) promised: &'static str,
    pub(crate) no_promise: &'static str,
    pub(crate) no_calls: &'static str,
    pub(crate) not_understood: &'static str,
    pub(crate) goodbye: &'static str,
    /// `{creditor}`.
    stopped: &'static str,
    started: &'static str,
    help: &'static str,
    /// `{contact}`.
    reached: &'static str,
}

/// The language of everyone whose own is not here.
const ENGLISH: &Words = &Words {
    tag: "en",
    voice: "en-GB",
    keys: "To hear this again, press 1. To promise to pay the amount due, press 2. If you want no more calls like \
           this one, press 9.",
    promised: "Thank you. We have noted that you will pay {amount} by {day}.",
    no_promise: "We cannot take down a promise here. Please write to us or call us.",
    no_calls: "We will not call this number again.",
    not_understood: "We did not understand that.",
    goodbye: "Goodbye.",
    stopped: "{creditor}: you will get no more messages of this kind on this number. Send START to get them again.",
    started: "{creditor}: you will get messages about your account on this number again. Send STOP to end them.",
    help: "{creditor}: messages about your account. Send STOP to end them.",
    reached: "You reach us at {contact}.",
};

const OTHERS: &[Words] = &[
    Words {
        tag: "de",
        voice: "de-DE",
        keys: "Um dies noch einmal zu hören, drücken Sie die 1. Um die Zahlung des fälligen Betrags zuzusagen, drücken Sie \
               die 2. Wenn Sie keine solchen Anrufe mehr möchten, drücken Sie die 9.",
        promised: "Vielen Dank. Wir haben notiert, dass Sie {amount} bis zum {day} zahlen.",
        no_promise: "Wir können hier keine Zusage aufnehmen. Bitte schreiben Sie uns oder rufen Sie uns an.",
        no_calls: "Wir rufen diese Nummer nicht mehr an.",
        not_understood: "Das haben wir nicht verstanden.",
        goodbye: "Auf Wiederhören.",
        stopped: "{creditor}: Sie erhalten unter dieser Nummer keine solchen Nachrichten mehr. Mit START erhalten Sie sie \
                  wieder.",
        started: "{creditor}: Sie erhalten unter dieser Nummer wieder Nachrichten zu Ihrem Konto. Mit STOP beenden Sie sie.",
        help: "{creditor}: Nachrichten zu Ihrem Konto. Mit STOP beenden Sie sie.",
        reached: "Sie erreichen uns unter {contact}.",
    },
    Words {
        tag: "fr",
        voice: "fr-FR",
        keys: "Pour réécouter ce message, tapez 1. Pour promettre de payer le montant dû, tapez 2. Pour ne plus recevoir \
               d'appels de ce type, tapez 9.",
        promised: "Merci. Nous avons noté que vous paierez {amount} au plus tard le {day}.",
        no_promise: "Nous ne pouvons pas enregistrer de promesse ici. Veuillez nous écrire ou nous appeler.",
        no_calls: "Nous n'appellerons plus ce numéro.",
        not_understood: "Nous n'avons pas compris.",
        goodbye: "Au revoir.",
        stopped: "{creditor} : vous ne recevrez plus de messages de ce type à ce numéro. Envoyez START pour les recevoir à \
                  nouveau.",
        started: "{creditor} : vous recevrez à nouveau des messages sur votre compte à ce numéro. Envoyez STOP pour les \
                  arrêter.",
        help: "{creditor} : messages sur votre compte. Envoyez STOP pour les arrêter.",
        reached: "Pour nous joindre : {contact}.",
    },
    Words {
        tag: "es",
        voice: "es-ES",
        keys: "Para volver a escuchar este mensaje, pulse 1. Para prometer el pago del importe pendiente, pulse 2. Si no \
               desea recibir más llamadas como esta, pulse 9.",
        promised: "Gracias. Hemos anotado que pagará {amount} a más tardar el {day}.",
        no_promise: "No podemos registrar una promesa aquí. Escríbanos o llámenos, por favor.",
        no_calls: "No volveremos a llamar a este número.",
        not_understood: "No le hemos entendido.",
        goodbye: "Adiós.",
        stopped: "{creditor}: no recibirá más mensajes de este tipo en este número. Envíe START para volver a recibirlos.",
        started: "{creditor}: volverá a recibir mensajes sobre su cuenta en este número. Envíe STOP para dejar de recibirlos.",
        help: "{creditor}: mensajes sobre su cuenta. Envíe STOP para dejar de recibirlos.",
        reached: "Puede escribirnos a {contact}.",
    },
    Words {
        tag: "hi",
        voice: "hi-IN",
        keys: "इसे फिर से सुनने के लिए 1 दबाएँ। बकाया राशि चुकाने का वादा करने के लिए 2 दबाएँ। ऐसे और कॉल न पाने के लिए 9 दबाएँ।",
        promised: "धन्यवाद। हमने दर्ज कर लिया है कि आप {day} तक {amount} का भुगतान करेंगे।",
        no_promise: "हम यहाँ वादा दर्ज नहीं कर सकते। कृपया हमें लिखें या फ़ोन करें।",
        no_calls: "हम इस नंबर पर फिर कॉल नहीं करेंगे।",
        not_understood: "हम समझ नहीं पाए।",
        goodbye: "नमस्ते।",
        stopped: "{creditor}: इस नंबर पर ऐसे संदेश अब नहीं आएँगे। फिर से पाने के लिए START भेजें।",
        started: "{creditor}: इस नंबर पर आपके खाते के संदेश फिर से आएँगे। बंद करने के लिए STOP भेजें।",
        help: "{creditor}: आपके खाते के संदेश। बंद करने के लिए STOP भेजें।",
        reached: "संपर्क: {contact}.",
    },
];

impl Words {
    /// The words of a locale's language.
    pub(crate) fn of(locale: &str) -> &'static Words {
        let primary = locale.split(['-', '_']).next().unwrap_or_default();
        let found = OTHERS
            .iter()
            .find(|words| words.tag.eq_ignore_ascii_case(primary));
        found.unwrap_or(ENGLISH)
    }
}

/// What a text is answered; nothing where a person will answer it.
pub(crate) fn answer(
    meaning: Meaning,
    locale: &str,
    creditor: &str,
    contact: Option<&str>,
) -> Option<String> {
    let words = Words::of(locale);
    let text = match meaning {
        Meaning::Stop(_) => words.stopped.to_owned(),
        Meaning::Start => words.started.to_owned(),
        Meaning::Help => match contact {
            Some(contact) => format!("{} {}", words.help, words.reached.replace("{contact}", contact)),
            None => words.help.to_owned(),
        },
        Meaning::Other => return None,
    };
    Some(text.replace("{creditor}", creditor))
}
