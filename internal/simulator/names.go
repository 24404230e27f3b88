package simulator

// The words of generated records. They are awkward on purpose: several scripts, quotes, line breaks, characters
// outside the basic plane.
var (
	firstNames = []string{
		"Mari", "Jüri", "Õnne", "Tõnu", "Ülle", "Anna", "John", "Siobhán", "José", "Zoë", "Иван", "Ольга", "Дмитрий", "伟", "芳",
		"さくら", "محمد", "Łukasz", "Ivana", "Noah", "Aïcha", "Ngọc", "Björn", "Ada", "Linus", "Grace", "Ömer", "Yael", "Chidi", "Emily",
	}
	lastNames = []string{
		"Tamm", "Sepp", "Mägi", "Kask", "Õunapuu", "O'Brien", "Smith", "Müller", "García", "Nguyễn", "Иванов", "Петрова", "王", "李",
		"山田", "الأحمد", "Kowalski", "van der Berg", "D'Angelo", "Lovelace", "St. John-Smythe", "Ólafsdóttir", "Öztürk", "Cohen", "Okafor",
	}
	orgNames = []string{
		"Põhjala Tehas", "Acme", "Globex", "Müller & Söhne", "Ромашка", "北京科技", "Süsteemid \"Äri\"", "L'Atelier", "Rocket 🚀 Labs",
		"Hooli", "Initech", "Umbrella", "Tartu Õlu", "Vandelay Industries", "株式会社さくら", "Ünlü Ltd.", "C:\\Windows Cleaners", "Cats, Dogs & <Pets>",
	}
	orgForms  = []string{"OÜ", "AS", "GmbH", "Ltd", "Inc.", "ООО", "有限公司", "S.A.", "LLC", "BV"}
	dealNouns = []string{
		"Enterprise package", "Aastaleping", "Website redesign", "Внедрение CRM", "年度合同", "Pilot 🎯", "Renewal \"Gold\"", "Support\nand training",
		"Hardware", "Laiendus", "Migration", "Проект №", "Framework agreement", "Upsell\t2×", "Consulting 50%",
	}
	pipelineNames = []string{"Sales Pipeline", "Partnerid", "Крупные клиенты", "Renewals & Upsell 🔁", "Old pipeline"}
	stageNames    = []string{"Lead In", "Kontakt loodud", "Demo Scheduled", "Предложение", "Negotiations Started", "Contract \"sent\"", "签约"}
	userNames     = []string{
		"Kadri Admin", "Peeter Müük", "Jane Doe", "Сергей Продавцов", "陈静", "Bob O'Neil", "Liis Lahkunud", "Ex Employee",
		"Maria José", "Ülo Õ", "Tim \"The Closer\" T.", "Newbie",
	}
	cities = []struct{ country, region, city, postal, street string }{
		{"Estonia", "Harju maakond", "Tallinn", "10615", "Mustamäe tee"},
		{"Estonia", "Tartu maakond", "Tartu", "51004", "Ülikooli"},
		{"Germany", "Bayern", "München", "80331", "Sendlinger Straße"},
		{"Россия", "Ленинградская область", "Санкт-Петербург", "190000", "Невский проспект"},
		{"中国", "北京市", "北京", "100000", "长安街"},
		{"United States", "New York", "New York", "10001", "5th Avenue"},
	}
	currencies   = []string{"EUR", "EUR", "EUR", "USD", "USD", "GBP", "JPY", "SEK", "RUB", "BHD"}
	lostReasons  = []string{"Price", "Kadus ära", "Конкурент", "没有预算", "No \"budget\"", "Duplicate"}
	jobTitles    = []string{"CEO", "Müügijuht", "CTO & Co-founder", "Бухгалтер", "经理", "Office manager"}
	optionLabels = []string{"Väike", "Keskmine", "Suur", "Очень большой", "其他", "Other, \"misc\""}
	noteOpenings = []string{
		"<p>Rääkisime telefonis.</p>", "<b>Call</b> went well &amp; they want a demo", "<div>Клиент просит скидку 10%</div>",
		"plain text", "<ul><li>first</li><li>second 🙂</li></ul>", "<p>客户很满意</p>", "line\nbreak\r\nand\ttab", "\"quoted\" \\ backslash",
	}
	noteSentence = "<p>Lorem ipsum dolor sit amet, õäöü consectetur; клиент уже видел предложение, 客户, \"quotes\" &amp; <i>italics</i>.</p>\n"
)
