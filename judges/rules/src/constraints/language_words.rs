//! The most frequent words of languages that share a script.
//!
//! The lists for the Latin script have no one-letter words: those are also initials, list items and
//! elisions.

/// Words separated by white space, in lower case.
pub(super) type WordList = &'static str;

pub(super) const LATIN: &[(&str, WordList)] = &[
    ("en", EN),
    ("es", ES),
    ("pt", PT),
    ("fr", FR),
    ("de", DE),
    ("it", IT),
    ("pl", PL),
    ("vi", VI),
    ("sw", SW),
    ("fi", FI),
];
pub(super) const CYRILLIC: &[(&str, WordList)] = &[("ru", RU), ("uk", UK), ("bg", BG)];
pub(super) const ARABIC: &[(&str, WordList)] = &[("ar", AR), ("fa", FA), ("ur", UR)];
pub(super) const DEVANAGARI: &[(&str, WordList)] = &[("hi", HI), ("mr", MR), ("ne", NE)];

const EN: WordList = "\
the of and to in is you that it he was for on are as with his they at be this have from or one \
had by but not
what all were we when your can said there use an each which she do how their if will no my me so \
up out about
who them";

const ES: WordList = "\
el la los las de que en un una es por con para no su al lo como más pero sus le ya este sí porque \
muy sin sobre
también me hasta hay donde quien desde todo nos";

const PT: WordList = "\
os as de que em um uma por com para não se do da dos das no na nos nas ao mas como mais ou foi \
seu sua você são
também muito já isso pelo pela";

const FR: WordList = "\
le la les de des et en un une est que qui dans pour pas ne sur plus par avec ce il elle je nous \
vous au aux du
mais ou son sa ses cette sont être qu";

const DE: WordList = "\
der die das und ist nicht ein eine zu den mit von auf für im dem des sich es an auch als wie ich \
sie er wir bei
oder aus nach sind wird einen einer haben war wenn nur";

const IT: WordList = "\
il lo la gli le di che un una in per non con del della dei delle al alla sono ma come più si da \
nel nella questo
anche ci se su";

const PL: WordList = "\
na nie się to że do jest jak po co ale za od przez tak dla są czy by był była było już tylko jego \
ich ten ta
która który";

const VI: WordList = "\
là của và không có cho được một các những với trong này người đã để tôi bạn từ khi đến như cũng \
thì mà ra về
nhiều rất phải chỉ bị";

const SW: WordList = "\
ya na wa kwa ni katika za la cha kama hii hiyo yake lakini pia kuwa hizo wao sana si yangu yako \
mimi wewe huyu
huo hivyo bila au ili kila";

const FI: WordList = "\
ja on ei se että oli hän ovat mutta kun niin myös voi jos kuin joka mitä tämä ole olla sen sitä \
minä sinä me he
kanssa vain sekä tai hyvin";

const RU: WordList = "\
и в не на я что он с как это по но они к у ты из мы за вы так же от все она его только о мне было \
для бы если
или ещё когда есть нет чтобы";

const UK: WordList = "\
і в не на я що він з як це по але вони до у ти ми за ви так же від всі вона його тільки про мені \
було для б якщо
або ще коли є немає щоб та й";

const BG: WordList = "\
и в не на аз че той с как това по но те към ти от ние за вие така е се да са ще си или ако когато \
има няма като
му беше го може които който";

const AR: WordList = "\
في من على إلى أن هذا هذه التي الذي لا ما مع عن كان هو هي كل بعد قد بين لم ليس أو ثم حيث عند إذا \
لكن كما";

const FA: WordList = "\
در از به که را این با است برای آن یک می خود تا بر های هم نیست ها شد شود کرد بود اما یا باید دارد \
کنید ما شما";

const UR: WordList = "\
کے کی میں ہے اور سے کا کو یہ نہیں پر ہیں نے اس کہ ایک بھی تھا کر ہو جو وہ تو ان کیا لیے آپ ہم تھی";

const HI: WordList = "\
के की में है और से का को यह नहीं पर हैं ने इस कि एक भी था कर हो जो वह तो उन क्या लिए आप हम थी मैं \
साथ या अपने
बाद";

const MR: WordList = "\
आणि आहे नाही या मध्ये तो ती ते हे हा ही आहेत होते होता होती मी तुम्ही आम्ही साठी पण असे एक काही \
त्या त्यांनी करा
च्या वर";

const NE: WordList = "\
र छ छन् को मा ले लाई हो हुन् यो त्यो गर्न भने पनि छैन होइन म तपाईं हामी एक तर गरेको भएको थियो थिए \
यस धेरै";
